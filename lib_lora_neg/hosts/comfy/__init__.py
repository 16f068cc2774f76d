"""ComfyUI: the guard as nodes. Reads what a node is given, lets the planner decide, writes it back.

``comfy``, ``folder_paths`` and ``server`` are imported here and nowhere else, and only where they
are used, so that everything that decides can be tested without them. ComfyUI loads this package
under a name of its own (`__init__.py` of the repository), so nothing here may rely on being called
``lib_lora_neg``.
"""
