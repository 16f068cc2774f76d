"""Where scans are carried out, as the jobs see it: a model, and turns at using it."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from ..loras.families import ModelFamily
from .ports import Cancellation, Critic, Generator, ScanDenoiser


class TurnCancelledError(Exception):
    """Cancelled while waiting for a turn; nothing went wrong."""


@dataclass(frozen=True)
class Checkpoint:
    """The model that the next turn will use.

    Attributes:
        title: for people.
        digest: short hash, as infotexts have it; what `ScanPlan.checkpoint` holds.
        family: model family.
        facts: whatever else decides the pictures and can be changed between two turns (VAE,
            clip skip …); what `ScanPlan.facts` holds.
    """

    title: str
    digest: str
    family: ModelFamily = ModelFamily.UNKNOWN
    facts: tuple[tuple[str, str], ...] = ()


class Workplace(Protocol):
    """A host in which jobs can make pictures. Called from the jobs' thread as well."""

    def checkpoint(self) -> Checkpoint | None:
        """Return the chosen model without loading it; ``None`` when there is none."""
        ...

    def generator(self) -> Generator:
        """Return what makes pictures.

        Called within a turn.

        Raises:
            Exception: it cannot work now; the text is shown to the user.
        """
        ...

    def denoiser(self) -> ScanDenoiser | None:
        """Return what evaluates the denoiser; ``None`` where this host has no such thing.

        Must be cheap and loads nothing: it is also asked to know whether there is one.
        """
        ...

    def critic(self) -> Critic | None:
        """Return what lets the model judge pictures; as `denoiser`."""
        ...

    def turn(self, cancel: Cancellation) -> AbstractContextManager[None]:
        """Return a context in which the caller has the model for itself.

        Entering waits in the host's own queue, behind generations that were asked for before.
        Jobs take one turn per batch, so that other generations get in between; whatever a
        generation has changed in the model meanwhile, the next batch sets right by itself.
        Leaving it gives the model back, also after an exception.

        Raises:
            TurnCancelledError: ``cancel`` was set while waiting.
        """
        ...
