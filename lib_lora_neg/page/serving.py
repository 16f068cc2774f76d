"""Starting the page: from the command line's options to a server that runs until Ctrl + C."""

from __future__ import annotations

import os
import platform
import socket
import threading
import webbrowser
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FIRST_PORT, PORTS = 7860, 100
LOOPBACK, EVERYWHERE = "127.0.0.1", "0.0.0.0"

QUIET = {
    "GRADIO_ANALYTICS_ENABLED": "False",
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "DISABLE_TELEMETRY": "1",
}
"""Nothing of this page goes to anybody: gradio and Hugging Face's libraries obey these."""


class ServeError(RuntimeError):
    """The page cannot be started; the text says why and what to do."""


@dataclass(frozen=True)
class ServeOptions:
    """How the page is to be served.

    Attributes:
        output: folder for pictures, and for what the page remembers.
        port: to listen on; ``None`` takes the first free one from `FIRST_PORT`.
        listen: reachable from other machines, not from this one alone.
        accounts: who may log in, by password; empty lets everybody in.
        browser: open the page in the browser.
    """

    output: Path
    port: int | None = None
    listen: bool = False
    accounts: Mapping[str, str] = field(default_factory=dict)
    browser: bool = True

    @property
    def address(self) -> str:
        """The address to bind."""
        return EVERYWHERE if self.listen else LOOPBACK


def read_accounts(text: str) -> dict[str, str]:
    """Understand ``user:password`` or several of them, separated by commas.

    Raises:
        ServeError: one has no user or no password.
    """
    accounts = {}
    for account in text.split(","):
        user, _, password = account.strip().partition(":")
        if not user or not password:
            raise ServeError("--auth must be USER:PASSWORD")
        accounts[user] = password
    return accounts


def be_quiet() -> None:
    """Keep the libraries off the network; to be called before they are imported."""
    os.environ.update(QUIET)


def choose_port(address: str, wanted: int | None) -> int:
    """Return a port that is free now.

    Raises:
        ServeError: the one that was asked for, or all of the range, are in use.
    """
    ports: Sequence[int] = range(FIRST_PORT, FIRST_PORT + PORTS) if wanted is None else (wanted,)
    for port in ports:
        with socket.socket() as sock:
            if os.name != "nt":
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                sock.bind((address, port))
            except (OSError, OverflowError):
                continue
            return int(sock.getsockname()[1])
    if wanted is not None:
        raise ServeError(
            f"port {wanted} cannot be used: another program has it, or it is not allowed; "
            "leave --port out to take a free one"
        )
    raise ServeError(f"no free port from {FIRST_PORT} to {FIRST_PORT + PORTS - 1}; give --port")


def has_browser() -> bool:
    """Whether there is a screen to open a browser on; a text browser would take the terminal."""
    if platform.system() == "Linux":
        return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    return True


@dataclass(frozen=True)
class Site:
    """What is served.

    Attributes:
        host: makes the pictures.
        model: name of the checkpoint.
        setting: what the examples show; ``None`` for the usual.
        defaults: of the inputs; ``None`` for the usual.
    """

    host: Any
    model: str
    setting: Any = None
    defaults: Any = None


def serve(site: Site, options: ServeOptions, say: Callable[[str], None]) -> int:
    """Serve the page until Ctrl + C and return the exit status.

    Raises:
        ServeError: it cannot be started.
    """
    running = start(site, options)
    say(f"The page is at {running.url}")
    if options.listen:
        say(f"Other machines reach it on port {running.port} of this one.")
        if not options.accounts:
            say("Anybody who reaches it may use it: --auth USER:PASSWORD asks for a password.")
    say("Ctrl + C ends it.")
    if options.browser and has_browser():
        webbrowser.open(running.url)
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        say("Ended.")
    running.end()
    return 0


class Started:
    """A page that is being served."""

    def __init__(self, url: str, port: int, page: Any, host: Any, board: Any) -> None:
        self.url = url
        self.port = port
        self._page = page
        self._host = host
        self._board = board

    def end(self) -> None:
        """Interrupt what runs and let go of files and port, without waiting for anybody."""
        self._board.interrupt_all()
        self._host.close()
        closing = threading.Thread(target=self._page.close, kwargs={"verbose": False}, daemon=True)
        closing.start()
        closing.join(3.0)


def start(site: Site, options: ServeOptions) -> Started:
    """Build the page and start its server in a thread of its own.

    Raises:
        ServeError: it cannot be started.
    """
    be_quiet()
    from ..ui.answers import page_answers
    from ..ui.library_answers import library_answers
    from .build import PageParts, build_page, theme
    from .examples import Setting
    from .host import Defaults
    from .memory import Memory
    from .outputs import Outputs
    from .panel_host import LibraryNames, PagePanelHost
    from .running import Board
    from .web import Assets, AssetsMissingError, add_routes, extension_folder

    try:
        assets = Assets(extension_folder())
    except (AssetsMissingError, OSError) as problem:
        raise ServeError(str(problem)) from problem
    host, board, outputs = site.host, Board(), Outputs(options.output)
    parts = PageParts(
        host,
        PagePanelHost(host, Memory(options.output / ".lora-neg" / "page.json")),
        outputs,
        board,
        site.model,
        site.defaults or Defaults(),
        site.setting or Setting(),
    )
    page = build_page(parts)
    port = choose_port(options.address, options.port)
    try:
        app, *_ = page.launch(
            server_name=options.address,
            server_port=port,
            auth=list(options.accounts.items()) or None,
            prevent_thread_lock=True,
            quiet=True,
            share=False,
            inbrowser=False,
            ssr_mode=False,
            pwa=False,
            mcp_server=False,
            enable_monitoring=False,
            run_history=False,
            footer_links=[],
            theme=theme(),
            head=assets.head(),
            allowed_paths=[str(outputs.of_tab(tab).resolve()) for tab in ("txt2img", "img2img")],
        )
    except OSError as problem:
        raise ServeError(f"the server cannot be started: {problem}") from problem
    names = LibraryNames(host.library)
    add_routes(
        app,
        assets,
        page_answers(host.boxes, names, lasting=True),
        library_answers(host.library),
    )
    shown = f"http://{LOOPBACK}:{port}/"
    return Started(shown, port, page, host, board)
