"""ComfyUI's way into this repository, once it lies in ``custom_nodes``.

A WebUI starts at ``scripts/lora_neg.py`` and never imports this file; anybody else who does gets
nothing from it.
"""

import sys

if "folder_paths" in sys.modules and "comfy" in sys.modules:
    from .lib_lora_neg.hosts.comfy.nodes import (
        NODE_CLASS_MAPPINGS,
        NODE_DISPLAY_NAME_MAPPINGS,
        WEB_DIRECTORY,
        start,
    )

    start()

    __all__ = ["NODE_CLASS_MAPPINGS", "NODE_DISPLAY_NAME_MAPPINGS", "WEB_DIRECTORY"]
