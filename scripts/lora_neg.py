"""LoRA Negative Guard: wires `lib_lora_neg` to the WebUI's callbacks, and nothing else."""

from __future__ import annotations

import sys

# After an update and a UI reload the host imports this file anew, but keeps the package
# it imported before: forget that, so that no stale module survives.
for _name in [name for name in sys.modules if name.split(".")[0] == "lib_lora_neg"]:
    del sys.modules[_name]

from modules import script_callbacks, scripts  # noqa: E402

from lib_lora_neg.api.page import add_page_routes  # noqa: E402
from lib_lora_neg.api.public import add_public_routes  # noqa: E402
from lib_lora_neg.api.scan_routes import add_scan_routes  # noqa: E402
from lib_lora_neg.hosts.webui import infotext, settings_page  # noqa: E402
from lib_lora_neg.hosts.webui import script as host  # noqa: E402
from lib_lora_neg.hosts.webui.guard import TITLE  # noqa: E402
from lib_lora_neg.hosts.webui.hooks import Hooks  # noqa: E402
from lib_lora_neg.hosts.webui.language import words  # noqa: E402
from lib_lora_neg.hosts.webui.library import WebuiLibraryTab  # noqa: E402
from lib_lora_neg.hosts.webui.scan import WebuiScanHost  # noqa: E402
from lib_lora_neg.ui.library.answers import library_answers  # noqa: E402
from lib_lora_neg.ui.library.lookup import lookup_answers  # noqa: E402
from lib_lora_neg.ui.library.tab import library_tab  # noqa: E402
from lib_lora_neg.ui.panel.answers import page_answers  # noqa: E402
from lib_lora_neg.ui.panel.build import build_panel  # noqa: E402
from lib_lora_neg.ui.panel.preset import PresetWiring  # noqa: E402
from lib_lora_neg.ui.scan.mount import ScanTab  # noqa: E402
from lib_lora_neg.ui.spoken import in_language  # noqa: E402

names = host.WebuiLibrary()
library = WebuiLibraryTab(host.guard.cards)
scan = ScanTab(WebuiScanHost(library))
preset = PresetWiring(host.known_cards, host.has_scheduler(), words)


class LoraNegativeGuard(Hooks, scripts.Script):
    """The AlwaysOn script; API arguments: ``[enabled, mode, compare, rules, guidance,
    strength, share, numbers, several]``."""

    sorting_priority = 1000
    """Forge runs scripts in this order: after those that write prompts."""

    def title(self):
        return TITLE

    def show(self, is_img2img):
        return scripts.AlwaysVisible

    def ui(self, is_img2img):
        tab = "img2img" if is_img2img else "txt2img"
        panel = build_panel(host.WebuiPanelHost(), tab, self.elem_id, preset, words)
        self.infotext_fields = [
            (panel.enabled, infotext.pasted_enabled),
            (panel.mode, infotext.pasted_mode),
            *infotext.guidance_fields(panel.guidance),
        ]
        self.paste_field_names = list(infotext.PASTED)
        host.keep_defaults_in_settings(panel.inputs)
        return panel.inputs


def on_app_started(demo, app):
    """Make the guard live, and add the routes to the host's application."""
    host.start()
    if demo is not None:
        tools = host.preview.tools
        notice = host.WebuiPanelHost()
        answers = page_answers(
            host.preview, names, lasting=True, tools=tools, notice=notice, words=words
        )
        add_page_routes(app, {**answers, "reset-settings": host.reset_settings})
        of_library = {**library_answers(library), **lookup_answers(library)}
        add_page_routes(app, in_language(of_library, words))
        add_scan_routes(app, in_language(scan.answers, words), scan.files)
    accounts = host.api_accounts()
    if accounts is not None:
        add_public_routes(app, host.preview, names, accounts)


script_callbacks.on_after_component(lambda c, **more: preset.component(c, more.get("elem_id")))
script_callbacks.on_before_ui(host.register_axes)
script_callbacks.on_ui_settings(settings_page.register_options)
script_callbacks.on_ui_tabs(library_tab)
script_callbacks.on_ui_tabs(scan.build)
script_callbacks.on_app_started(on_app_started)
script_callbacks.on_script_unloaded(host.stop)
script_callbacks.on_script_unloaded(library.stop)
script_callbacks.on_script_unloaded(scan.stop)
