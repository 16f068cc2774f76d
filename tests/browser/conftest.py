"""A browser and a page: our own small one, or the WebUI at ``WEBUI_URL``."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
WEBUI_URL = os.environ.get("WEBUI_URL", "")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def find_chromium() -> str | None:
    names = ("chromium", "chromium-browser", "google-chrome")
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def wait_for(url: str, process: subprocess.Popen[bytes], seconds: float = 120.0) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise AssertionError(f"the page ended with status {process.returncode}")
        try:
            with urllib.request.urlopen(f"{url}/own/style.css", timeout=5):
                return
        except OSError:
            time.sleep(0.3)
    raise AssertionError(f"no answer from {url} in {seconds} s")


@contextmanager
def running_page(script: str, *arguments: str, seconds: float = 120.0) -> Iterator[str]:
    """Run one of our own small pages in a process of its own; give its address once it answers."""
    pytest.importorskip("gradio", reason="gradio is not installed: see requirements/page-*.txt")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, str(HERE / script), "--port", str(port), *arguments]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        wait_for(url, process, seconds)
        yield url
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture(scope="session")
def page_url() -> Iterator[str]:
    if WEBUI_URL:
        yield WEBUI_URL.rstrip("/")
        return
    with running_page("page.py") as url:
        yield url


@contextmanager
def running_browser() -> Iterator[Any]:
    """Run Chromium; the test is left out where there is none."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    chromium = find_chromium()
    if chromium is None:
        pytest.skip("no Chromium on this machine")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    with running_browser() as browser:
        yield browser


@pytest.fixture
def page(browser: Any, page_url: str) -> Iterator[Any]:
    """A fresh page; nothing of ours may write to its console, nothing may reach the network."""
    from .driver import Page

    context = browser.new_context(viewport={"width": 1200, "height": 900})
    tab = Page(context.new_page(), page_url)
    tab.open()
    yield tab
    assert tab.complaints() == []
    context.close()


@pytest.fixture
def first_run(page: Any) -> Iterator[Any]:
    """A page whose notice of the first run may be answered."""
    page.page.request.post(f"{page.url}/own/forget")
    yield page
    page.page.request.post(f"{page.url}/own/forget")
