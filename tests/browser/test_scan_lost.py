"""A server that vanishes in mid-scan, and comes back: said as that, and the page goes on."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .conftest import HERE, free_port, wait_for
from .scan_driver import ScanPage

pytestmark = pytest.mark.browser


class Server:
    """The scan page in a process that can be killed and started again at its address."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.url = f"http://127.0.0.1:{self.port}"

    def start(self, seconds: float) -> None:
        command = [sys.executable, str(HERE / "scan_page.py"), "--port", str(self.port)]
        self.process = subprocess.Popen(
            [*command, "--folder", str(self.folder), "--seconds", str(seconds)],
            stdout=subprocess.DEVNULL,
        )
        wait_for(self.url, self.process, 300.0)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(20)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    pytest.importorskip("gradio", reason="gradio is not installed: see requirements/page-*.txt")
    made = Server(tmp_path)
    made.start(1.0)
    yield made
    made.kill()


def test_a_server_that_vanishes_in_mid_scan(browser: Any, server: Server) -> None:
    context = browser.new_context(viewport={"width": 1400, "height": 950})
    scan = ScanPage(context.new_page(), server.url)
    scan.open()
    scan.small(weights="-1, -0.75, -0.5, -0.25, 0")
    scan.start()
    scan.until(lambda: scan.cells().count() >= 3, 90)
    server.kill()
    status = scan.page.locator(".lora-neg-library-status")
    told = status.filter(has_text="The server does not answer.")
    told.filter(has_text="pictures are safe.").filter(has_text="Trying again").wait_for()
    assert "Failed to fetch" not in status.inner_text()
    assert scan.cells().count() >= 3
    server.start(0.0)
    scan.wait("The server was started anew.")
    assert "The server answers again." in status.inner_text()
    scan.page.locator(".lora-neg-scan-progress").get_by_role("button", name="Go on").click()
    scan.wait("Finished: 10 of 10 pictures.")
    assert scan.cells().count() == 10
    scan.fill("Seeds", "9")  # and the form works as before
    scan.start()
    scan.wait("Finished: 10 of 10 pictures.")
    context.close()
