"""Switched off, the guard is not there: not one byte of picture or infotext differs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.host.conftest import prepared_server, root_of_webui
from tests.host.support.client import HIRES, OFF, Webui
from tests.host.support.lora_files import CHARACTER, STYLE, STYLE_TRIGGER
from tests.host.support.server import PROBE, PROBE_FOLDER, Server

REQUESTS: dict[str, dict[str, Any]] = {
    "negative-weight": {
        "prompt": f"a cat <lora:{STYLE}:-0.9> <lora:{CHARACTER}:-0.5>",
        "negative": "blurry",
        "cfg_scale": 9,
    },
    "trigger": {"prompt": f"a cat <lora:{STYLE}:0.8>", "negative": f"{STYLE_TRIGGER}, ugly"},
    "tag-in-negative": {"prompt": "a cat", "negative": f"ugly, <lora:{STYLE}:0.8>"},
    "twice": {"prompt": f"a cat <lora:{STYLE}:0.5><lora:{STYLE}:-0.3>"},
    "plain": {"prompt": "a cat"},
    "hires": {"prompt": f"a cat <lora:{STYLE}:-0.9>", "cfg_scale": 9, **HIRES},
}
SWITCHED_OFF = {"toggle": OFF, "mode": (True, "Off"), "both": (False, "Off")}


@pytest.mark.parametrize("request_of", REQUESTS.values(), ids=REQUESTS.keys())
def test_toggle_and_mode_off_are_the_same(webui: Webui, request_of: dict[str, Any]) -> None:
    fields = dict(request_of)

    made = [webui.txt2img(guard=how, **fields).data for how in SWITCHED_OFF.values()]

    assert made[0] == made[1] == made[2]


def test_untouched_requests_have_no_key_of_ours(webui: Webui) -> None:
    on, off = (webui.txt2img("a cat", "blurry", guard=guard) for guard in ((True,), OFF))

    assert on.data == off.data


@pytest.fixture(scope="module")
def plain_webui(server: Server | None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Webui]:
    """The same WebUI without the guard."""
    root = root_of_webui()
    if server is None or root is None:
        pytest.skip("needs WEBUI_ROOT, to start a WebUI without the guard")
    plain = prepared_server(root, tmp_path_factory.mktemp("plain"), {PROBE_FOLDER: PROBE})
    try:
        plain.start()
        client = Webui(plain.url)
        yield client
        client.close()
    finally:
        plain.stop()


@pytest.mark.slow
@pytest.mark.parametrize("request_of", REQUESTS.values(), ids=REQUESTS.keys())
def test_off_is_the_same_as_not_installed(
    webui: Webui, plain_webui: Webui, request_of: dict[str, Any]
) -> None:
    fields = dict(request_of)

    assert webui.txt2img(guard=OFF, **fields).data == plain_webui.txt2img(**fields).data
