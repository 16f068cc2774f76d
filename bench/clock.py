"""Seconds for benches of programs that run beside us: on the wall, or CPU time of one process."""

from __future__ import annotations

import os
import time
from pathlib import Path


class Clock:
    """Seconds on the wall; with the id of a process (Linux), seconds of CPU time of that one.

    Other work on the machine hardly touches CPU time, but it counts what a program does beside.
    """

    def __init__(self, pid: int | None) -> None:
        self._stat = Path(f"/proc/{pid}/stat") if pid is not None else None

    def read(self) -> float:
        if self._stat is None:
            return time.perf_counter()
        # The name of the program, in brackets, may have spaces; user and system time come later.
        user, system = self._stat.read_text().rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")
