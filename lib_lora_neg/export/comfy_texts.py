"""A1111's prompt language as conditionings of ComfyUI's core nodes.

What A1111 reads in a text is asked of `prompts.reading`, and written so that ComfyUI reads the
same: attention as ``(words:1.21)``, ``BREAK`` as two encodes joined, ``[a:b:0.5]`` as encodes that
hold for a part of the sampling. Where ComfyUI's core means another thing, a finding says so.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby
from typing import Any

from ..policy import Effect, Field, Finding
from ..prompts import Edit, apply_edits, normalise, parse
from ..prompts.reading import and_parts, attention, schedules
from ..sentences import Sentence, say
from .comfy_nodes import NodeOutput, Workflow

SOURCE = "ComfyUI 0.8.0 and A1111 1.10.1, their code"
MOST_STATES = 8
"""Texts of one schedule that become encodes; alternation has one for every step."""
LONG_TEXT = 60
"""Words from which a text probably takes more than one chunk of 75 tokens."""

OnFinding = Callable[[Finding], None]


def finding(
    rule: str,
    field: Field,
    before: str,
    after: str,
    reason: Sentence,
    effect: Effect = Effect.ADVISED,
    lora: str | None = None,
) -> Finding:
    """Return what an export has to say."""
    return Finding(rule, effect, field, lora, before, after, reason, (), SOURCE)


class TextEncoderWriter:
    """Writes the texts of one workflow.

    Args:
        workflow: takes the nodes.
        embeddings: names of textual-inversion embeddings.
        tell: takes the findings.
    """

    def __init__(self, workflow: Workflow, embeddings: frozenset[str], tell: OnFinding) -> None:
        self._workflow = workflow
        self._embeddings = frozenset(map(normalise, embeddings))
        self._tell = tell

    def seen(self, text: str, *, negative: bool) -> str:
        """Return what of a text reaches the text encoder: no tags, no comments."""
        return parse(text, negative=negative).source.clean

    def encode(
        self, text: str, clip: NodeOutput, steps: int, field: Field, title: str
    ) -> NodeOutput:
        """Add the nodes that encode a text, and return their conditioning.

        Args:
            text: as typed, with its tags.
            clip: with its LoRAs.
            steps: of the pass, for what changes on the way.
            field: that findings are about.
            title: of the nodes.
        """
        negative = field in (Field.NEGATIVE, Field.HR_NEGATIVE)
        clean = self.seen(text, negative=negative)
        if len(clean.split()) > LONG_TEXT:
            reason = say(
                "more than about 75 tokens: A1111 divides such a text at a comma, ComfyUI where "
                "75 tokens are full"
            )
            self._tell(finding("CF-long", field, "", "", reason))
        parts = [(clean, 1.0)] if negative else and_parts(clean)
        if len(parts) > 1:
            reason = say(
                "A1111 adds up what each part asks for, with its weight; ComfyUI's Conditioning "
                "(Combine) takes the mean of them"
            )
            self._tell(finding("CF-AND", field, clean, clean, reason))
        made = [self._scheduled(part, clip, steps, field, title) for part, _ in parts]
        return self._joined("ConditioningCombine", made, ("conditioning_1", "conditioning_2"))

    def _scheduled(
        self, text: str, clip: NodeOutput, steps: int, field: Field, title: str
    ) -> NodeOutput:
        states = schedules(text, steps)
        if len(states) == 1:
            return self._chunks(states[0][1], clip, field, title)
        if len({state for _, state in states}) < len(states) or len(states) > MOST_STATES:
            reason = say("ComfyUI's core cannot change words step by step: the first of them stay")
            self._tell(finding("CF-schedule", field, text, states[0][1], reason, Effect.ENFORCED))
            return self._chunks(states[0][1], clip, field, title)
        reason = say(
            "ComfyUI counts the sampling by its noise schedule, A1111 by steps: the change comes "
            "at about the same moment"
        )
        after = " → ".join(state for _, state in states)
        self._tell(finding("CF-schedule", field, text, after, reason, Effect.ENFORCED))
        ranged, start = [], 0.0
        for end, state in states:
            share = min(1.0, round(end / max(1, steps), 4))
            cond = self._chunks(state, clip, field, title)
            ranged.append(
                self._workflow.add(
                    "ConditioningSetTimestepRange", conditioning=cond, start=start, end=share
                )
            )
            start = share
        return self._joined("ConditioningCombine", ranged, ("conditioning_1", "conditioning_2"))

    def _chunks(self, text: str, clip: NodeOutput, field: Field, title: str) -> NodeOutput:
        """Encode the text of one step; ``BREAK`` begins another encode, as it begins a chunk."""
        pieces = attention(self._with_embeddings(text, field))
        chunks = [
            list(run) for broken, run in groupby(pieces, key=lambda p: p[1] == -1) if not broken
        ] or [[("", 1.0)]]
        plain = len(chunks) == 1 and _reads_alike(text)
        texts = [self._with_embeddings(text, field)] if plain else [_written(c) for c in chunks]
        if len(chunks) > 1:
            reason = say("BREAK is a word to ComfyUI: two encodes, joined, are the same chunks")
            self._tell(finding("CF-BREAK", field, text, " | ".join(texts), reason, Effect.ENFORCED))
        elif not plain:
            reason = say(
                "square brackets and escapes are text to ComfyUI: written as A1111 reads them"
            )
            self._tell(finding("CF-brackets", field, text, texts[0], reason, Effect.ENFORCED))
        if any(weight != 1.0 for chunk in chunks for _, weight in chunk):
            reason = say(
                "A1111 multiplies the words' vectors and restores their mean, ComfyUI moves them "
                "away from those of an empty prompt: the same number acts a little otherwise"
            )
            self._tell(finding("CF-emphasis", field, text, text, reason))
        made = [
            self._workflow.add("CLIPTextEncode", title, text=chunk, clip=clip) for chunk in texts
        ]
        return self._joined("ConditioningConcat", made, ("conditioning_to", "conditioning_from"))

    def _joined(self, kind: str, made: list[NodeOutput], names: tuple[str, str]) -> NodeOutput:
        joined = made[0]
        for other in made[1:]:
            both: dict[str, Any] = {names[0]: joined, names[1]: other}
            joined = self._workflow.add(kind, **both)
        return joined

    def _with_embeddings(self, text: str, field: Field) -> str:
        """Return a text in which embeddings are named as ComfyUI wants it."""
        if not self._embeddings:
            return text
        terms = [term for term in parse(text).terms if term.key in self._embeddings]
        return apply_edits(text, [Edit(term.start, term.start, "embedding:") for term in terms])


def _reads_alike(text: str) -> bool:
    """Whether ComfyUI reads a text's brackets as A1111 does, as far as that is plain to see."""
    return not any(c in text for c in "[]\\") and text.count("(") == text.count(")")


def _written(pieces: list[tuple[str, float]]) -> str:
    """Return pieces with their weights in ComfyUI's syntax."""
    return "".join(
        _escaped(piece) if weight == 1.0 else f"({_escaped(piece)}:{weight:.4g})"
        for piece, weight in pieces
    ).strip()


def _escaped(text: str) -> str:
    return text.replace("(", "\\(").replace(")", "\\)")
