"""A running WebUI for the tests in this folder, with the guard in it.

``WEBUI_ROOT`` names the folder of a WebUI to start, with the Python ``WEBUI_PYTHON`` and the
arguments ``WEBUI_ARGS``; ``WEBUI_URL`` one that runs already with ``--api`` and is used as it
is: what needs our own LoRA files or the probe extension is skipped where it lacks them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.host.support import lora_files
from tests.host.support.client import GUARD_TITLE, OFF, PROBE_TITLE, Picture, Webui
from tests.host.support.scans import ScanTab
from tests.host.support.server import GUARD_FOLDER, PROBE, PROBE_FOLDER, REPOSITORY, Server

STYLE_NAME = "lora-neg test style"
STYLE_PROMPT = f"a watercolour, <lora:{lora_files.STYLE}:-0.9>"
STYLE_NEGATIVE = f"blurry, {lora_files.CHARACTER_TRIGGER}"
STYLES = f"""name,prompt,negative_prompt
{STYLE_NAME},"{STYLE_PROMPT}","{STYLE_NEGATIVE}"
"""
HERE = Path(__file__).parent
FIRST_TEST = "test_a_webui_is_there.py"


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint file that the WebUI knows."""

    title: str
    path: Path
    family: str


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Without a WebUI, leave one test that is skipped and says so."""
    configured = os.environ.get("WEBUI_ROOT") or os.environ.get("WEBUI_URL")
    is_test = collection_path.parent == HERE and collection_path.name.startswith("test_")
    if is_test and not configured and collection_path.name != FIRST_TEST:
        return True
    return None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker("webui")
    # The browser comes last: Gradio 3 can wait for ever, when the UI is reloaded, for a page
    # that was closed while it waited for an answer.
    items.sort(key=lambda item: item.path.name.startswith("test_browser"))


def root_of_webui() -> Path | None:
    """Return the folder of the WebUI to start; one that runs already goes first."""
    name = os.environ.get("WEBUI_ROOT")
    return Path(name).resolve() if name and not os.environ.get("WEBUI_URL") else None


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server | None]:
    """The WebUI that these tests started, or ``None`` when they use one that ran already."""
    root = root_of_webui()
    if root is None:
        if not os.environ.get("WEBUI_URL"):
            pytest.skip("set WEBUI_ROOT to a WebUI's folder, or WEBUI_URL to one that runs")
        yield None
        return
    extensions = {GUARD_FOLDER: REPOSITORY, PROBE_FOLDER: PROBE}
    running = prepared_server(root, tmp_path_factory.mktemp("webui"), extensions)
    try:
        running.start()
        yield running
    finally:
        running.stop()


def prepared_server(root: Path, folder: Path, extensions: Mapping[str, Path]) -> Server:
    """Return a WebUI to start, with test LoRAs, an embedding and a style in ``folder``."""
    data, loras = folder / "data", folder / "loras"
    lora_files.make_embedding(data / "embeddings")
    models = root / "models" / "Stable-diffusion"
    default = ""
    transformers = ((family, f"{family}_") for family in lora_files.TRANSFORMERS)
    for family, prefix in (("sd1", ""), ("sdxl", lora_files.XL_PREFIX), *transformers):
        checkpoint = _first_checkpoint(models, family)
        if checkpoint is not None:
            lora_files.make_lora_files(checkpoint, loras, prefix)
            default = default or str(checkpoint.relative_to(models))
    return Server(
        root, data, extensions=extensions, lora_dir=loras, checkpoint=default, styles=STYLES
    )


def _first_checkpoint(folder: Path, family: str) -> Path | None:
    files = sorted(folder.rglob("*.safetensors"))
    return next((f for f in files if lora_files.checkpoint_family(f) == family), None)


@pytest.fixture(scope="session")
def any_webui(server: Server | None) -> Iterator[Webui]:
    """The WebUI, whatever it has."""
    client = Webui(server.url if server is not None else os.environ["WEBUI_URL"])
    if GUARD_TITLE.lower() not in client.scripts:
        log = f":\n{server.log_tail()}" if server is not None else ""
        pytest.fail(f"{GUARD_TITLE} is not loaded in the WebUI{log}")
    yield client
    client.close()


@pytest.fixture(scope="session")
def checkpoints(any_webui: Webui) -> list[Checkpoint]:
    """All checkpoints the WebUI knows."""
    return [
        Checkpoint(entry["title"], path, lora_files.checkpoint_family(path))
        for entry in any_webui.get("/sdapi/v1/sd-models")
        if (path := Path(entry["filename"])).is_file()
    ]


@pytest.fixture(scope="session")
def _session_webui(any_webui: Webui, server: Server | None, checkpoints: list[Checkpoint]) -> Webui:
    if any(file.name not in any_webui.lora_names for file in lora_files.FILES):
        pytest.skip("the WebUI lacks the test LoRAs (tests/host/support/lora_files.py makes them)")
    if server is not None and not any(checkpoint.family == "sd1" for checkpoint in checkpoints):
        pytest.skip("WEBUI_ROOT has no SD1 checkpoint (models/Stable-diffusion)")
    return any_webui


@pytest.fixture
def webui(_session_webui: Webui) -> Webui:
    """The WebUI with an SD1 checkpoint and the test LoRAs."""
    return _session_webui


@pytest.fixture
def probed(webui: Webui) -> Webui:
    """The WebUI with the probe extension too."""
    if PROBE_TITLE.lower() not in webui.scripts:
        pytest.skip("the WebUI lacks the probe extension (tests/host/probe)")
    return webui


@pytest.fixture
def start_picture(webui: Webui) -> Picture:
    """A picture to start img2img from."""
    return webui.txt2img("a meadow", guard=OFF)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[Any]) -> Any:
    """Show what the WebUI logged during a test that failed."""
    report = yield
    server = getattr(item, "funcargs", {}).get("server_log")
    if report.failed and server is not None:
        report.sections.append(("WebUI log", server()))
    return report


@pytest.fixture(autouse=True)
def server_log(server: Server | None) -> Any:
    """What the WebUI has logged since this test began."""
    if server is None:
        return None
    start = server.log_size()
    return lambda: server.log_tail(since=start)


@pytest.fixture
def tab(probed: Webui) -> Iterator[ScanTab]:
    tab = ScanTab(probed)
    yield tab
    tab.ask("stop")
    tab.wait()
    for entry in tab.ask("history")["entries"]:
        tab.ask("delete", scan=entry["scan"])
