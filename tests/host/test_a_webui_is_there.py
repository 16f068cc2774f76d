"""The WebUI answers and has loaded the guard, and nothing besides; skipped without one."""

from __future__ import annotations

from tests.host.support.client import GUARD_TITLE, Webui


def test_the_guard_is_loaded_in_both_tabs(any_webui: Webui) -> None:
    titles = any_webui.get("/sdapi/v1/scripts")

    assert GUARD_TITLE.lower() in titles["txt2img"]
    assert GUARD_TITLE.lower() in titles["img2img"]


def test_the_way_into_comfyui_lies_there_and_is_not_taken(probed: Webui) -> None:
    """The extension's folder is a node pack, too: its ``__init__.py`` is ComfyUI's alone."""
    assert probed.probe()["of_comfyui"] == {"is_there": True, "loaded": []}
