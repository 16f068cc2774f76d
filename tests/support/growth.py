"""How the CPU time of a thing grows with its size. Never wall time: machines are shared."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable


def cpu_seconds(work: Callable[[], object], rounds: int = 3) -> float:
    """Return the least CPU time of some rounds, without the collector of garbage, whose turn it is
    when other tests have left some."""
    before = gc.isenabled()
    gc.disable()
    try:
        least = float("inf")
        for _ in range(rounds):
            start = time.process_time()
            work()
            least = min(least, time.process_time() - start)
        return least
    finally:
        if before:
            gc.enable()


def assert_grows_linearly(work: Callable[[int], Callable[[], object]], size: int) -> None:
    """Make sure that four times the size costs well below sixteen times the CPU time.

    Args:
        work: makes, of a size, what is to be timed; making it is not.
        size: the smallest; it should take a few milliseconds.
    """
    for _ in range(3):
        one, two, four = (cpu_seconds(work(size * n)) for n in (1, 2, 4))
        if four < 8 * max(one, 0.001):
            return
    raise AssertionError(f"{one:.4f} s, {two:.4f} s and {four:.4f} s for {size}, twice, four times")
