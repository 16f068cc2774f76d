"""The WebUI as the scan tab and its jobs see it."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

from ...scan.plan import ScanPlan
from ...scan.ports import Cancellation, Critic, Generator, ScanDenoiser
from ...scan.workplace import Checkpoint
from ..library import LibraryTabHost
from ..scanning import ScanForm
from . import places, scan_denoiser, scan_form, scan_queue, scan_texts
from .library import available
from .scan_pictures import WebuiGenerator


class WebuiScanHost:
    """A `ScanTabHost`.

    Args:
        library: the host's LoRAs, as the library tab sees them.
    """

    def __init__(self, library: LibraryTabHost) -> None:
        self._library = library
        self._digests: dict[tuple[str, int, int], str] = {}

    @property
    def library(self) -> LibraryTabHost:
        return self._library

    def checkpoint(self) -> Checkpoint | None:
        return scan_form.chosen_checkpoint()

    def form(self) -> ScanForm:
        return scan_form.form()

    def scans_folder(self) -> Path:
        return places.scans_folder()

    def generator(self) -> Generator:
        return WebuiGenerator()

    def denoiser(self) -> ScanDenoiser | None:
        return scan_denoiser.denoiser()

    def critic(self) -> Critic | None:
        return scan_denoiser.critic()

    def turn(self, cancel: Cancellation) -> AbstractContextManager[None]:
        return scan_queue.turn(cancel)

    def lora_digest(self, name: str) -> str:
        path = available().get(name)
        if path is None:
            return ""
        try:
            status = Path(path).stat()
        except OSError:
            return ""
        key = (path, status.st_size, status.st_mtime_ns)
        if key not in self._digests:
            self._digests[key] = _hash(name, path) or f"{status.st_size:x}-{status.st_mtime_ns:x}"
        return self._digests[key]

    def can_send(self) -> bool:
        return True

    def grid_text(self, plan: ScanPlan) -> str:
        return scan_texts.grid_text(plan)

    def cell_text(self, plan: ScanPlan, infotext: str) -> str:
        return scan_texts.cell_text(infotext)


def _hash(name: str, path: str) -> str:
    """Return the host's hash of a LoRA, which it keeps; empty where hashing is switched off."""
    from modules import hashes

    try:
        tensors_only = path.lower().endswith(".safetensors")
        return str(hashes.sha256(path, f"lora/{name}", use_addnet_hash=tensors_only) or "")
    except OSError:
        return ""
