"""The fixtures of the host tests, with a stand-in of each WebUI instead of a running one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.host.support.client import OFF, Picture, Webui

pytest.importorskip("gradio", reason="the probe extension needs it")

from .client import StandinWebui
from .contracts import CONTRACTS
from .host import Host, made_loras, running


@pytest.fixture(scope="session")
def loras(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The LoRAs that the host tests ask for."""
    return made_loras(tmp_path_factory.mktemp("four_hosts"))


@pytest.fixture(params=CONTRACTS, ids=lambda contract: contract.name)
def host(
    request: pytest.FixtureRequest, loras: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Host]:
    """One of the four."""
    yield from running(request.param, loras, monkeypatch)


@pytest.fixture
def webui(host: Host) -> Iterator[Webui]:
    """Its API."""
    client = StandinWebui(host)
    yield client
    client.close()


@pytest.fixture
def probed(webui: Webui) -> Webui:
    """Likewise; the probe extension is always there."""
    return webui


@pytest.fixture
def start_picture(webui: Webui) -> Picture:
    """A picture to start img2img from."""
    return webui.txt2img("a meadow", guard=OFF)


@pytest.fixture
def checkpoints() -> list[object]:
    """None: a stand-in has an SD1 checkpoint that cannot be changed."""
    return []
