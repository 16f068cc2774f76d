"""A host in which LoRAs can be scanned: what the scan tab needs from the place it runs in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from ..scan.plan import ScanPlan
from ..scan.ports import Sampling
from ..scan.suggestions import GENERAL, Scenes
from ..scan.workplace import Workplace
from .library import LibraryTabHost


@dataclass(frozen=True)
class ScanForm:
    """What the tab's form begins with, and what can be chosen in it.

    Attributes:
        sampling: for the chosen checkpoint: size, CFG and steps as
            they are usual for it (`scan.usual`), or as the user has set them.
        negative_prompt: empty unless the host's user has a usual one.
        samplers: names that `Sampling.sampler` takes; empty where there is no choice.
        schedulers: names that `Sampling.scheduler` takes; empty where there is no choice.
        scenes: that the model can draw, for suggested prompts.
    """

    sampling: Sampling = field(default_factory=Sampling)
    negative_prompt: str = ""
    samplers: Sequence[str] = ()
    schedulers: Sequence[str] = ()
    scenes: Scenes = GENERAL


class ScanTabHost(Workplace, Protocol):
    """A host with a library, a model and a place for pictures.

    The names, cards and decisions of LoRAs are the library's; what a scan measured is saved
    there too. Unless said otherwise, calls come from the page's requests, several at once.
    """

    @property
    def library(self) -> LibraryTabHost:
        """The host's LoRAs."""
        ...

    def scans_folder(self) -> Path:
        """Return the folder of all scans; it need not exist yet."""
        ...

    def form(self) -> ScanForm:
        """Return what the tab's form begins with; asked anew whenever the tab is opened."""
        ...

    def lora_digest(self, name: str) -> str:
        """Return a hash of a LoRA's file, so that results of another version are not mixed in.

        Any hash will do that is the same for the same file in every process. Asked for while
        somebody types: it should be remembered by the file's size and date. Empty when the name
        is not known or the file cannot be read.
        """
        ...

    def can_send(self) -> bool:
        """Whether the page around the tab takes texts: the WebUI's own paste button."""
        ...

    def grid_text(self, plan: ScanPlan) -> str:
        """Return the infotext that, when pasted, makes the host's XYZ plot make this scan's grid.

        Empty where the host has none.
        """
        ...

    def cell_text(self, plan: ScanPlan, infotext: str) -> str:
        """Return the infotext to paste for one cell, given the text kept with its picture.

        A host adds here what the pasted picture needs to come out the same, as switching the
        guard off; most return ``infotext``.
        """
        ...
