"""What the page needs from the place where pictures are made."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from PIL.Image import Image

from ..hosts.library import LibraryTabHost
from ..hosts.preview import PreviewHost
from ..hosts.reporting import HealthItem, Report
from ..policy import GuardSettings, Mode


@dataclass(frozen=True)
class InputDefaults:
    """What stands in the inputs at first: pixels, sampling steps, CFG scale."""

    width: int = 512
    height: int = 512
    steps: int = 20
    cfg_scale: float = 7.0


class PictureLike(Protocol):
    """One finished picture with its infotext."""

    @property
    def image(self) -> Image: ...

    @property
    def seed(self) -> int: ...

    @property
    def infotext(self) -> str: ...


class GenerationResultLike(Protocol):
    """A generation that is over; ``job.seed`` is the seed that was used."""

    @property
    def job(self) -> Any: ...

    @property
    def pictures(self) -> Sequence[PictureLike]: ...

    @property
    def report(self) -> Report: ...

    @property
    def interrupted(self) -> bool: ...

    @property
    def problems(self) -> Sequence[str]: ...


class Stop(Protocol):
    """Says whether somebody wants a generation to end; a `threading.Event` is one."""

    def is_set(self) -> bool: ...


class PageHost(Protocol):
    """A host that makes pictures and knows its LoRAs; `hosts.diffusers.DiffusersHost` is one."""

    settings: GuardSettings

    @property
    def preview(self) -> PreviewHost: ...

    @property
    def library(self) -> LibraryTabHost: ...

    def generate(
        self,
        *,
        mode: Mode | None = None,
        rules: Mapping[str, Mode] | None = None,
        cancel: Stop | None = None,
        on_step: Callable[[Any], None] | None = None,
        **fields: Any,
    ) -> GenerationResultLike:
        """Make pictures, guarded; ``fields`` are those of `hosts.diffusers.GenerationJob`."""
        ...

    def samplers(self) -> list[str]:
        """Return the names of samplers that can be chosen."""
        ...

    def schedulers(self) -> list[str]:
        """Return the names of noise schedules that can be chosen."""
        ...

    def health(self) -> list[HealthItem]:
        """Return what the guard needs and whether it is there."""
        ...

    def close(self) -> None:
        """Close files; nothing is generated afterwards."""
        ...
