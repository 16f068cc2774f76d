"""Sweeps: jobs that vary the weight of a LoRA from picture to picture, on purpose.

Whoever makes one wants to see those weights, so the guard stands aside for the whole job.
Recognised are plots (`xyz_sweep`), matrices of other extensions (`matrices`), and weights that
turn out to change while the pictures are made.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from ...policy import Effect, Field, Finding
from ...policy.notes import SWEEP
from ...prompts import NetworkTag, parse
from ...sentences import Sentence, say
from . import options
from .option_values import GUARD_SWEEPS

"""The rule of the finding that says so."""

ANOTHER_SCRIPT = say("another script")
"""Who varies weights where nothing tells."""


@dataclass
class Sweep:
    """One job that the guard keeps away from.

    Attributes:
        source: who varies the weights, as people know it: an axis, a script.
        loras: names of the LoRAs whose weights change; empty where that is not known.
        told: people have been told of it once.
    """

    source: str
    loras: tuple[str, ...] = ()
    told: bool = False

    @property
    def reason(self) -> Sentence:
        """What is told, in one sentence."""
        if not self.loras:
            return say(
                "{source} varies LoRA weights from picture to picture, so the guard stands aside "
                "for all of them; a setting guards them all the same",
                source=self.source,
            )
        return say(
            "{source} varies the weight of {loras} from picture to picture, so the guard stands "
            "aside for all of them; a setting guards them all the same",
            source=self.source,
            loras=", ".join(self.loras),
        )

    def finding(self) -> Finding:
        """Return the finding that the panel shows."""
        return Finding(
            rule=SWEEP.id,
            effect=Effect.ADVISED,
            field=Field.PROMPT,
            lora=None,
            before=self.source,
            after=self.source,
            reason=self.reason,
        )


_plot: ContextVar[Sweep | None] = ContextVar("lora_neg_sweep", default=None)


@contextmanager
def standing_aside(sweep: Sweep | None) -> Iterator[None]:
    """Let all that this thread generates meanwhile be part of a sweep; ``None`` changes nothing."""
    if sweep is None:
        yield
        return
    token = _plot.set(sweep)
    try:
        yield
    finally:
        _plot.reset(token)


def around() -> Sweep | None:
    """Return the sweep of the plot that is being drawn in this thread."""
    return _plot.get()


def guarded_all_the_same(p: Any) -> bool:
    """Whether the user's settings, or those of a single request, guard sweeps too."""
    own = getattr(p, "override_settings", None) or {}
    wanted = own.get(GUARD_SWEEPS)
    return wanted if isinstance(wanted, bool) else options.guards_sweeps()


def varied(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the names of the LoRAs that stand at different weights in different texts.

    A text without a LoRA is no weight of it: a plot that swaps one LoRA for another, or shows
    pictures with and without it, varies the LoRA and not its weight.
    """
    first: dict[object, tuple[object, ...]] = {}
    names: dict[object, str] = {}
    changing: dict[object, None] = {}
    for text in dict.fromkeys(texts):
        for lora, (name, weights) in weights_in(text).items():
            names.setdefault(lora, name)
            if first.setdefault(lora, weights) != weights:
                changing[lora] = None
    return tuple(names[lora] for lora in changing)


def weights_in(text: str) -> dict[object, tuple[str, tuple[object, ...]]]:
    """Return name and weights of each LoRA of a prompt, by the file it stands for."""
    found: dict[object, tuple[str, tuple[object, ...]]] = {}
    for tag in parse(text).tags:
        if tag.is_lora:
            lora = file_of(tag.name)
            name, weights = found.get(lora, (tag.name, ()))
            found[lora] = (name, tuple(sorted((*weights, _weights(tag)), key=repr)))
    return found


def _weights(tag: NetworkTag) -> tuple[object, ...]:
    """Return the weights of a tag, the negative branch's too: numbers, or what stands instead."""
    te = tag.te.value if tag.te.value is not None else tag.te.raw
    unet = tag.unet.value if tag.unet.value is not None else tag.unet.raw
    return te, unet, *(tag.branches or ())


def file_of(name: str) -> object:
    """Return what the host resolves a name to; the name where that is nothing."""
    try:
        import networks
    except ImportError:  # the host's Lora extension is switched off
        return name
    return networks.available_network_aliases.get(name) or name
