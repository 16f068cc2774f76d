"""Prompts over the steps: sub-prompts with their weights, schedules, what was encoded already."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from ...prompts import parse
from ...prompts.reading import and_parts, schedules
from .texts import Cond, TextEncoding

MOST_KEPT = 64
"""Encoded prompts kept; one of SDXL takes about half a megabyte per chunk."""


@dataclass(frozen=True)
class Schedule:
    """The conds of one sub-prompt: each up to its last step, in order."""

    ends: tuple[int, ...]
    conds: tuple[Cond, ...]

    def at(self, step: int) -> Cond:
        """Return the cond of a step, the first of which is 0.

        A step equal to a cond's last one still has it, as in A1111, where the steps are
        counted from 1 when the schedule is made and from 0 when it is looked up.
        """
        for end, cond in zip(self.ends, self.conds, strict=True):
            if step <= end:
                return cond
        return self.conds[-1]


@dataclass(frozen=True)
class LoadedEncoders:
    """What is loaded while prompts are encoded.

    Attributes:
        key: of what changes the text encoders.
        negative_key: of what else the text encoders have while a negative prompt is encoded;
            empty where that is nothing.
        for_negative: gives them that for as long as it is entered.
    """

    key: Hashable
    negative_key: Hashable = ()
    for_negative: Callable[[], AbstractContextManager[object]] = nullcontext


@dataclass(frozen=True)
class Conditioning:
    """The encoded texts of one pass.

    Attributes:
        positive: the sub-prompts that ``AND`` separates, with their weights.
        negative: the negative prompt.
        concepts: texts that guidance leads away from; the negative prompt where that is one.
    """

    positive: tuple[tuple[float, Schedule], ...]
    negative: Schedule
    concepts: tuple[Schedule, ...] = ()


class Conditioner:
    """Encodes the prompts of passes, and remembers what it encoded."""

    def __init__(self, texts: TextEncoding) -> None:
        self._texts = texts
        self._known: OrderedDict[Hashable, Schedule] = OrderedDict()

    def encode(
        self,
        prompt: str,
        negative_prompt: str,
        steps: int,
        clip_skip: int,
        loras: LoadedEncoders,
        hires_steps: int | None = None,
        concepts: Sequence[str] = (),
    ) -> Conditioning:
        """Return the encoded texts of one pass.

        Args:
            prompt: with its tags, which are taken out here.
            negative_prompt: as typed.
            steps: of the first pass.
            clip_skip: as in `GenerationJob`.
            loras: what is loaded now.
            hires_steps: of the hires pass, when it is that one.
            concepts: that negative guidance guides away from.
        """
        positive = tuple(
            (weight, self._schedule(text, False, steps, hires_steps, clip_skip, loras))
            for text, weight in and_parts(seen_by_model(prompt))
        )
        unseen, *guided = (
            self._schedule(
                seen_by_model(text, negative=True), True, steps, hires_steps, clip_skip, loras
            )
            for text in (negative_prompt, *concepts)
        )
        return Conditioning(positive, unseen, tuple(guided))

    def _schedule(
        self,
        text: str,
        negative: bool,
        steps: int,
        hires_steps: int | None,
        clip_skip: int,
        loras: LoadedEncoders,
    ) -> Schedule:
        plan = schedules(text, steps, hires_steps)
        zeroed = negative and not any(step_text for _, step_text in plan)
        key = (tuple(plan), zeroed, clip_skip, loras.key, negative and loras.negative_key)
        found = self._known.get(key)
        if found is None:
            with loras.for_negative() if negative else nullcontext():
                found = self._encode(plan, clip_skip, negative)
            self._known[key] = found
            while len(self._known) > MOST_KEPT:
                self._known.popitem(last=False)
        self._known.move_to_end(key)
        return found

    def _encode(self, plan: Sequence[tuple[int, str]], clip_skip: int, negative: bool) -> Schedule:
        # Alternation repeats its texts; each is encoded once.
        texts = list(dict.fromkeys(text for _, text in plan))
        conds = dict(zip(texts, self._texts.encode(texts, clip_skip, negative), strict=True))
        return Schedule(tuple(end for end, _ in plan), tuple(conds[text] for _, text in plan))

    def forget(self) -> None:
        """Forget what was encoded: the text encoders have changed."""
        self._known.clear()


def seen_by_model(text: str, negative: bool = False) -> str:
    """Return the text that reaches the text encoder: without tags and comments."""
    return parse(text, negative=negative).source.clean
