"""pip with its progress told: what is being fetched, how large it is, and how long it has taken.

pip says nothing for minutes where its output is no terminal, and a screenful where it is one.
"""

from __future__ import annotations

import os
import queue
import re
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import IO

WORTH_TELLING_MB = 5.0
"""Smaller packages are told by their number alone."""

QUIET_SECONDS = 10.0
"""After so long without a word something is said; next time after twice as long, and so on."""

LONGEST_QUIET_SECONDS = 60.0

TAIL = 15
"""Lines of pip's own that are shown when it fails."""

_FILE = re.compile(
    r"\s*(?:Downloading|Using cached) (?:\S*/)?([\w.]{1,99})-(\d[\w.+!]{0,60})\S* "
    r"\(([\d.]{1,9}) ([kMG]?B)\)"
)
_LOCAL = re.compile(r"\s*Processing (\S{1,999}/)?([\w.]{1,99})-(\d[\w.+!]{0,60})\S*\.whl")
_PROGRESS = re.compile(r"Progress (\d{1,15}) of (\d{1,15})")
_MB = {"B": 1e-6, "kB": 1e-3, "MB": 1.0, "GB": 1e3}


class Teller:
    """Turns pip's lines into few of ours, each with the time since the beginning."""

    def __init__(self, say: Callable[[str], None], clock: Callable[[], float]) -> None:
        self._say = say
        self._clock = clock
        self._began = self._spoken = clock()
        self._patience = QUIET_SECONDS
        self._now = "looking up packages"
        self._share = ""
        self._small = 0
        self._megabytes = 0.0
        self.tail: deque[str] = deque(maxlen=TAIL)

    def line(self, text: str) -> None:
        """Take a line of pip's."""
        text = text.rstrip()
        if found := _PROGRESS.fullmatch(text):
            done, whole = int(found[1]), max(1, int(found[2]))
            self._share = f" ({min(100, 100 * done // whole)} %)"
            return
        if text:
            self.tail.append(text)
        self._share = ""
        if found := _FILE.match(text):
            self._file(found[1], found[2], float(found[3]) * _MB[found[4]])
        elif found := _LOCAL.match(text):
            self._file(found[2], found[3], _size_mb(text))
        elif text.startswith("Installing collected packages:"):
            count = text.count(",") + 1
            self._tell(f"unpacking {count} package{'s' * (count > 1)} …")
            self._now = "still unpacking"
        elif text.startswith("ERROR"):
            self._tell(text)

    def still_there(self) -> None:
        """Say that it is going on, where nothing was said for a while."""
        if self._clock() - self._spoken >= self._patience:
            patience = min(2 * self._patience, LONGEST_QUIET_SECONDS)
            self._tell(f"{self._now}{self._share} …")
            self._patience = patience

    def end(self) -> None:
        """Say what it came to."""
        small = f", {self._small} small packages among them" if self._small else ""
        self._tell(f"done: {self._megabytes:,.0f} MB of packages{small}")

    def _file(self, name: str, version: str, megabytes: float) -> None:
        self._megabytes += megabytes
        if megabytes < WORTH_TELLING_MB:
            self._small += 1
            self._now = "still looking up and fetching small packages"
            return
        self._tell(f"{name} {version}, {megabytes:,.0f} MB")
        self._now = f"still {name}"

    def _tell(self, text: str) -> None:
        self._spoken = self._clock()
        self._patience = QUIET_SECONDS
        seconds = int(self._spoken - self._began)
        self._say(f"  {seconds // 60}:{seconds % 60:02}  {text}")


def pip_install(
    python: str,
    arguments: Sequence[str],
    cwd: Path,
    say: Callable[[str], None],
    *,
    optional: bool = False,
) -> int:
    """Run ``pip install`` and return its status.

    Args:
        python: whose pip it is.
        arguments: after ``install``.
        cwd: where it runs.
        say: prints a line.
        optional: a failure is no news; nothing of it is shown.
    """
    # What is never imported need not be compiled; what is, Python compiles by itself.
    command = [python, "-m", "pip", "install", "--no-compile"]
    command += ["--no-input", "--disable-pip-version-check"]
    teller = Teller(say, time.monotonic)
    with subprocess.Popen(
        [*command, *arguments],
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
        env={**os.environ, "PYTHONUNBUFFERED": "1", "PIP_PROGRESS_BAR": progress_bar(python)},
    ) as process:
        if process.stdout is not None:
            _follow(process.stdout, teller)
        status = process.wait()
    if status == 0:
        teller.end()
    elif not optional:
        for line in teller.tail:
            say(f"    {line}")
    return status


def progress_bar(python: str) -> str:
    """Return the kind of progress that this pip can write for programs (from 24.1 on)."""
    asked = subprocess.run(
        [python, "-m", "pip", "--version"], capture_output=True, text=True, check=False
    )
    found = re.match(r"pip (\d{1,4})\.(\d{1,4})", asked.stdout)
    return "raw" if found and (int(found[1]), int(found[2])) >= (24, 1) else "off"


def _follow(stream: IO[str], teller: Teller) -> None:
    lines: queue.Queue[str | None] = queue.Queue()

    def read(source: Iterable[str]) -> None:
        for line in source:
            lines.put(line)
        lines.put(None)

    threading.Thread(target=read, args=(stream,), daemon=True).start()
    while True:
        try:
            line = lines.get(timeout=1.0)
        except queue.Empty:
            line = ""
        if line is None:
            return
        if line:
            teller.line(line)
        teller.still_there()


def _size_mb(text: str) -> float:
    """Return the size of a wheel that lies on this machine."""
    path = Path(text.split("Processing ", 1)[1].strip())
    try:
        return path.stat().st_size / 1e6
    except OSError:
        return 0.0
