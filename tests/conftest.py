"""What all tests share."""

from __future__ import annotations

import os
from collections import Counter
from typing import Any

from hypothesis import settings

# Machines that are shared are slow now and then; a test that fails must fail again.
settings.register_profile("default", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "default")


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say what was not run and why, a line per reason."""
    reasons: Counter[str] = Counter()
    for report in terminalreporter.stats.get("skipped", []):
        place = report.longrepr
        text = str(place[2] if isinstance(place, tuple) else place)
        reasons[text.removeprefix("Skipped: ")] += 1
    if reasons:
        terminalreporter.section("not run, and why")
        for reason, count in reasons.most_common():
            terminalreporter.write_line(f"{count:5}  {reason}")
