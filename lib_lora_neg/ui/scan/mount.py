"""The scan tab with its jobs, in one piece for whoever puts it into a page."""

from __future__ import annotations

from typing import Any

from ...hosts.scanning import ScanTabHost
from ...scan.jobs import ScanJobs
from .answers import scan_answers
from .files import scan_files
from .tab import scan_tab


class ScanTab:
    """A tab, its routes and its one job.

    Attributes:
        answers: of its routes, by the last part of their address.
        files: what hands out files, likewise.
    """

    def __init__(self, host: ScanTabHost) -> None:
        self._jobs = ScanJobs(host, host.scans_folder)
        self.answers = scan_answers(host, self._jobs)
        self.files = scan_files(host)

    def build(self) -> list[tuple[Any, str, str]]:
        """Build the tab; returns what the WebUI's ``on_ui_tabs`` wants."""
        return scan_tab()

    def stop(self) -> None:
        """Stop a running job at its cell: the page is going away."""
        self._jobs.close()
