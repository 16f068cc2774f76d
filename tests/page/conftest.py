"""The page in a process of its own, and a browser on it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import free_port, running_browser
from tests.browser.driver import Page

HERE = Path(__file__).parent


@dataclass
class Served:
    """A page that runs."""

    url: str
    output: Path
    process: subprocess.Popen[str]

    def pictures(self, tab: str = "txt2img") -> list[Path]:
        return sorted((self.output / tab).rglob("*.png"))

    def end(self) -> None:
        self.process.terminate()
        self.process.wait(20)
        if self.process.stdout is not None:
            self.process.stdout.close()


def serve(output: Path, *arguments: str, program: tuple[str, ...] = ()) -> Served:
    """Start a page and wait until it says where it is."""
    port = free_port()
    command = [sys.executable, *(program or (str(HERE / "page.py"),))]
    command += ["--output", str(output), "--port", str(port), *arguments]
    env = {**os.environ, "PYTHONUTF8": "1"}
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        text=True,
        env=env,
        preexec_fn=_heed_ctrl_c if os.name != "nt" else None,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if "Ctrl + C" in line:
            break
    served = Served(f"http://127.0.0.1:{port}/", output, process)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(served.url, timeout=5):
                return served
        except OSError:
            time.sleep(0.2)
    raise AssertionError(f"no answer from {served.url}")


def _heed_ctrl_c() -> None:
    # A shell starts what it puts into the background with Ctrl + C ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def gradio_6() -> None:
    gradio = pytest.importorskip("gradio", reason="gradio is not installed: requirements/page.txt")
    if int(gradio.__version__.split(".")[0]) < 6:
        pytest.skip("the page is made for gradio 6: requirements/demo.txt")


@pytest.fixture(scope="session")
def served(gradio_6: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    found = serve(tmp_path_factory.mktemp("page"), "--step-seconds", "0.02")
    yield found
    found.end()


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    with running_browser() as browser:
        yield browser


class OwnPage(Page):
    """Our own page: nothing of it may reach the network, and nobody else writes its console."""

    def __init__(self, page: Any, url: str) -> None:
        super().__init__(page, url)
        self.foreign: list[str] = []
        page.on("request", self._asked)

    def complaints(self) -> list[str]:
        # gradio says this of its own upload of a file.
        return [text for text in super().complaints() if "Method not implemented" not in text]

    def _asked(self, request: Any) -> None:
        if not request.url.startswith((self.url, "data:", "blob:")):
            self.foreign.append(request.url)

    def said(self, tab: str = "txt2img") -> str:
        return str(self.page.inner_text(f"#html_info_{tab}")).strip()

    def infotext(self, tab: str = "txt2img") -> str:
        return str(self.page.input_value(f"#{tab}_infotext textarea"))

    def small(self, tab: str = "txt2img", steps: int = 3) -> None:
        for name, value in (("width", 64), ("height", 64), ("steps", steps)):
            box = self.page.locator(f"#{tab}_{name} input[type=number]")
            box.fill(str(value))
            box.press("Tab")

    def generate(self, tab: str = "txt2img", seconds: float = 60.0) -> str:
        """Press Generate and return what is said when it is over."""
        sentence = f"#html_info_{tab} .lora-neg-page-said"
        # What is said of the last one is another element, however fast this one is.
        self.page.locator(sentence).evaluate("element => element.classList.add('old')")
        self.page.locator(f"#{tab}_generate").click()
        new = self.page.locator(f"{sentence}:not(.old):not(:empty)")
        new.wait_for(state="visible", timeout=seconds * 1000)
        self.page.locator(f"#{tab}_generate").wait_for(state="visible")
        return self.said(tab)

    def thumbnails(self, tab: str = "txt2img") -> int:
        return int(self.page.locator(f"#{tab}_gallery .thumbnails button").count())

    def restore_from(self, picture: Path, tab: str = "txt2img") -> None:
        beside = self.page.locator(f"#{tab}_prompt_container + * input[type=file]")
        beside.set_input_files(picture)

    def tab(self, name: str) -> None:
        self.page.get_by_role("tab", name=name).click()


@pytest.fixture
def page(browser: Any, served: Served) -> Iterator[OwnPage]:
    context = browser.new_context(viewport={"width": 1300, "height": 1000})
    tab = OwnPage(context.new_page(), served.url)
    tab.open()
    yield tab
    assert tab.complaints() == []
    assert tab.foreign == []
    context.close()
