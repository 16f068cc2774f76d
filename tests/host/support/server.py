"""Starts a WebUI from its folder with this extension, and stops it again.

The WebUI runs on a data folder of its own (``--data-dir``): its settings, extensions, styles
and outputs are not touched, and nothing is left behind.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx

REPOSITORY = Path(__file__).resolve().parents[3]
PROBE = Path(__file__).resolve().parents[1] / "probe"

GUARD_FOLDER = "sd-webui-lora-neg"
PROBE_FOLDER = "zz-lora-neg-probe"

START_SECONDS = 600
STOP_SECONDS = 20
READY = "/sdapi/v1/loras"
STARTED = b"Startup time:"
"""What the hosts log when all is there; one that does not is asked after `PATIENCE` seconds."""
HAS_MODEL = re.compile(rb"model (?:\S+ \[\w+\] )?loaded in|model selected", re.I)
"""What A1111 and reForge log when their checkpoint, which they load in a thread while they start,
is there, and what Forge and Neo log, which load none before the first picture. A picture asked for
in between makes A1111 load it twice at once, which breaks one of both."""
PATIENCE = 500

SETTINGS: Mapping[str, Any] = {
    "samples_save": False,
    "grid_save": False,
    "live_previews_enable": False,
    "auto_launch_browser": "Disable",
    "disable_all_extensions": "none",
}


class ServerError(Exception):
    """The WebUI did not start; the text has the end of its log."""


class Server:
    """A WebUI process on a free loopback port."""

    def __init__(
        self,
        root: Path,
        data: Path,
        *,
        extensions: Mapping[str, Path],
        lora_dir: Path,
        checkpoint: str = "",
        styles: str = "",
    ) -> None:
        self.root = root
        self.data = data
        self.log = data / "webui.log"
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._lora_dir = lora_dir
        self._process: subprocess.Popen[bytes] | None = None
        _link_all(extensions, data / "extensions")
        # Neo puts the page's pictures there where none are saved, and does not make the folder.
        (data / "tmp").mkdir(exist_ok=True)
        settings = {**SETTINGS, **_required_settings(root)}
        if checkpoint:
            # Not through the API later: A1111 loads its checkpoint in a thread while it starts,
            # and loading two at once breaks its LoRAs.
            settings["sd_model_checkpoint"] = checkpoint
        (data / "config.json").write_text(json.dumps(settings), encoding="utf-8")
        if styles:
            (data / "styles.csv").write_text(styles, encoding="utf-8-sig")

    def start(self) -> None:
        """Start it and return when its API answers.

        Raises:
            ServerError: when it ends early or does not answer in time.
        """
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                self._command(),
                cwd=self.root,
                env=_environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self._patience = time.monotonic() + PATIENCE
        until = time.monotonic() + START_SECONDS
        while not self._answers():
            if self._process.poll() is not None:
                raise ServerError(f"the WebUI ended while starting:\n{self.log_tail()}")
            if time.monotonic() > until:
                self.stop()
                raise ServerError(f"no answer in {START_SECONDS} s:\n{self.log_tail()}")
            time.sleep(0.5)

    def stop(self) -> None:
        """Stop it."""
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def kill(self) -> None:
        """End it at once, as a crash would."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()

    def log_tail(self, since: int = 0, length: int = 6000) -> str:
        """Return the end of its log, at most from the byte ``since`` on."""
        if not self.log.is_file():
            return ""
        return self.log.read_bytes()[since:][-length:].decode("utf-8", "replace")

    def log_size(self) -> int:
        """Return how much it has logged so far."""
        return self.log.stat().st_size if self.log.is_file() else 0

    def _command(self) -> list[str]:
        return [
            _python(self.root),
            "launch.py",
            *shlex.split(os.environ.get("WEBUI_ARGS", "")),
            "--api",
            *("--port", str(self.port)),
            *("--data-dir", str(self.data)),
            *(_models_option(self.root), str(self.root / "models")),
            *("--lora-dir", str(self._lora_dir)),
            # Some take the embeddings from the models' folder, which is not ours.
            *("--embeddings-dir", str(self.data / "embeddings")),
            # Forge does not serve its own page from elsewhere than the data folder without this.
            *("--gradio-allowed-path", str(self.root)),
        ]

    def _answers(self) -> bool:
        # A request that comes before the API is added makes the host fail to add it.
        log = self.log.read_bytes()
        is_there = STARTED in log and HAS_MODEL.search(log) is not None
        if not is_there and time.monotonic() < self._patience:
            return False
        try:  # the last of its routes: extensions add theirs when the others answer already
            answer = httpx.get(f"{self.url}{READY}", trust_env=False, timeout=10)
        except httpx.HTTPError:
            return False
        return answer.status_code == 200


def _models_option(root: Path) -> str:
    """Return the option for the folder of models; an unknown one ends some hosts."""
    declared = _source(root, "paths_internal.py")
    return next((name for name in ("--models-dir", "--model-ref") if name in declared), "")


def _required_settings(root: Path) -> dict[str, Any]:
    """Return what a settings file must hold so that the start does not wait for a key."""
    mark = re.search(r'^(VERSION_UID)\b[^=\n]*= *"(\w+)"', _source(root, "launch_utils.py"), re.M)
    return {mark[1]: mark[2]} if mark else {}


def _source(root: Path, name: str) -> str:
    path = root / "modules" / name
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def _environment() -> dict[str, str]:
    return {
        **os.environ,
        "PYTHONUNBUFFERED": "1",
        "GRADIO_ANALYTICS_ENABLED": "False",
        "no_proxy": "localhost,127.0.0.1",
        "NO_PROXY": "localhost,127.0.0.1",
    }


def _python(root: Path) -> str:
    """Return ``WEBUI_PYTHON``, the Python of the WebUI's own venv, or else this one."""
    named = os.environ.get("WEBUI_PYTHON")
    if named:
        return named
    for own in (root / "venv" / "bin" / "python", root / "venv" / "Scripts" / "python.exe"):
        if own.is_file():
            return str(own)
    return sys.executable


def _link_all(extensions: Mapping[str, Path], folder: Path) -> None:
    folder.mkdir(parents=True)
    for name, source in extensions.items():
        try:
            (folder / name).symlink_to(source, target_is_directory=True)
        except OSError:
            _copy(source, folder / name)


def _copy(source: Path, target: Path) -> None:
    """Copy an extension where links are not allowed, without hidden and test folders."""

    def skipped(folder: str, names: Sequence[str]) -> set[str]:
        top = Path(folder) == REPOSITORY
        return {name for name in names if name.startswith(".") or (top and name == "tests")}

    shutil.copytree(source, target, ignore=skipped)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
