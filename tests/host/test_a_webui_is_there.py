"""The WebUI answers and has loaded the guard; the one test here that is skipped without one."""

from __future__ import annotations

from tests.host.support.client import GUARD_TITLE, Webui


def test_the_guard_is_loaded_in_both_tabs(any_webui: Webui) -> None:
    titles = any_webui.get("/sdapi/v1/scripts")

    assert GUARD_TITLE.lower() in titles["txt2img"]
    assert GUARD_TITLE.lower() in titles["img2img"]
