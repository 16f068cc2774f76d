"""LoRA Negative Guard: wires `lib_lora_neg` to the WebUI's callbacks, and nothing else."""

from __future__ import annotations

import sys

# After an update and a UI reload the host imports this file anew, but keeps the package
# it imported before: forget that, so that no stale module survives.
for _name in [name for name in sys.modules if name.split(".")[0] == "lib_lora_neg"]:
    del sys.modules[_name]

from modules import script_callbacks, scripts  # noqa: E402

from lib_lora_neg.hosts.webui import infotext, options  # noqa: E402
from lib_lora_neg.hosts.webui.guard import TITLE  # noqa: E402
from lib_lora_neg.hosts.webui.script import WebuiPanelHost, guard, start, stop  # noqa: E402
from lib_lora_neg.ui.panel import build_panel  # noqa: E402


class LoraNegativeGuard(scripts.Script):
    """The AlwaysOn script; API arguments: ``[enabled, mode]``."""

    sorting_priority = 1000
    """Forge runs scripts in this order: after those that write prompts."""

    def title(self):
        return TITLE

    def show(self, is_img2img):
        return scripts.AlwaysVisible

    @property
    def tab(self):
        return "img2img" if self.is_img2img else "txt2img"

    def ui(self, is_img2img):
        panel = build_panel(WebuiPanelHost(), "img2img" if is_img2img else "txt2img", self.elem_id)
        self.infotext_fields = [
            (panel.enabled, infotext.pasted_enabled),
            (panel.mode, infotext.pasted_mode),
        ]
        self.paste_field_names = list(infotext.KEYS)
        return [panel.enabled, panel.mode]

    def before_process(self, p, enabled=None, mode=None, *_):
        start()
        guard.before_process(
            p,
            options.default_enabled() if enabled is None else bool(enabled),
            options.default_mode() if mode is None else mode,
            self.tab,
        )

    def before_process_batch(self, p, *_, batch_number=0, **__):
        guard.before_process_batch(p, batch_number)

    def postprocess(self, p, *_):
        guard.postprocess(p)


script_callbacks.on_ui_settings(options.register_options)
script_callbacks.on_app_started(lambda *_: start())
script_callbacks.on_script_unloaded(stop)
