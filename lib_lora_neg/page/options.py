"""What the page is started with: options, what is served, and what would stop it."""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from .names import read_allowed

if TYPE_CHECKING:
    from ..hosts.scanning import ScanTabHost
    from .examples import ModelGuide
    from .host import InputDefaults, PageHost

FIRST_PORT, PORTS = 7860, 100
LOOPBACK, EVERYWHERE = "127.0.0.1", "0.0.0.0"

QUIET = {
    "GRADIO_ANALYTICS_ENABLED": "False",
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "TRANSFORMERS_VERBOSITY": "error",
    "DIFFUSERS_VERBOSITY": "error",
}
"""Environment variables by which gradio and Hugging Face's libraries send nothing to anybody, and
write little to the terminal."""


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
        allowed: names, beside this machine's own, by which the page may be asked.
    """

    output: Path
    port: int | None = None
    listen: bool = False
    accounts: Mapping[str, str] = field(default_factory=dict)
    browser: bool = True
    allowed: frozenset[str] = frozenset()

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


def read_names(texts: Sequence[str]) -> frozenset[str]:
    """Understand ``--allowed-host``.

    Raises:
        ServeError: one of the texts is no name.
    """
    try:
        return read_allowed(texts)
    except ValueError as problem:
        raise ServeError(str(problem)) from problem


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


def check_start(options: ServeOptions) -> None:
    """Find what would stop the page before a model is loaded, which takes minutes.

    Raises:
        ServeError: the port cannot be used, or the output folder cannot be written.
    """
    choose_port(options.address, options.port)
    try:
        options.output.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=options.output):
            pass
    except OSError as problem:
        reason = problem.strerror or problem
        raise ServeError(
            f"{options.output}: pictures cannot be written there: {reason}; --output names "
            "another folder"
        ) from problem


@dataclass(frozen=True)
class Site:
    """What is served.

    Attributes:
        host: makes the pictures.
        model: name of the checkpoint.
        guide: what is known of this model, where it is the small one.
        defaults: of the inputs; ``None`` for the usual.
        scan: given the folder for scans, returns what the scan tab needs; ``None`` without one.
    """

    host: PageHost
    model: str
    guide: ModelGuide | None = None
    defaults: InputDefaults | None = None
    scan: Callable[[Path], ScanTabHost] | None = None
