"""Texts that are too long to be looked at: nothing is changed then, and that is said."""

from __future__ import annotations

from collections.abc import Iterator

from ..sentences import say
from .model import Effect, Field, Finding, GenerationRequest
from .notes import TOO_LONG

MOST_CHARACTERS = 50_000
"""Longest text of a prompt that is read. The longest negative prompts that people share have some
thousands of characters; one of this length makes more than a hundred chunks of 75 tokens."""

_SHOWN = 40
"""Characters of the text in its finding."""


def too_long(request: GenerationRequest) -> tuple[Finding, ...]:
    """Return a finding for each different text of ``request`` that is too long to be read."""
    found: dict[tuple[Field, str], Finding] = {}
    for field, index, text in _texts(request):
        if len(text) > MOST_CHARACTERS and (field, text) not in found:
            found[field, text] = _finding(field, index, text)
    return tuple(found.values())


def _texts(request: GenerationRequest) -> Iterator[tuple[Field, int, str]]:
    passes = [(request.first, Field.PROMPT, Field.NEGATIVE)]
    if request.hires is not None:
        passes.append((request.hires, Field.HR_PROMPT, Field.HR_NEGATIVE))
    for texts, prompt, negative in passes:
        for index, text in enumerate(texts.prompts):
            yield prompt, index, text
        for index, text in enumerate(texts.negative_prompts):
            yield negative, index, text


def _finding(field: Field, index: int, text: str) -> Finding:
    shown = text[:_SHOWN]
    return Finding(
        rule=TOO_LONG.id,
        effect=Effect.ADVISED,
        field=field,
        lora=None,
        before=shown,
        after=shown,
        reason=say(
            "{count} characters are too long to be looked at: nothing of this generation is "
            "guarded, up to {most} would be",
            count=f"{len(text):,}",
            most=f"{MOST_CHARACTERS:,}",
        ),
        source="this extension's own bound",
        index=index,
    )
