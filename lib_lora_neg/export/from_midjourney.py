"""From a Midjourney prompt to a prompt and a negative prompt of the WebUI."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..policy import Effect, Field, Finding
from ..policy.rules.negative_terms import literal
from ..sentences import Sentence, say
from .midjourney import SOURCE
from .midjourney_text import Parameter, read_prompt, split_links, split_parts
from .midjourney_words import words_of


@dataclass(frozen=True)
class WebuiPrompt:
    """A Midjourney prompt as prompt and negative prompt of the WebUI."""

    prompt: str
    negative_prompt: str
    findings: tuple[Finding, ...]


def from_midjourney(text: str) -> WebuiPrompt:
    """Translate a Midjourney prompt into a prompt and a negative prompt; any text is accepted.

    ``--no`` and parts of negative weight become the negative prompt. Brackets are escaped, since
    Midjourney reads them as text.
    """
    given = read_prompt(text)
    words, links = split_links(given.words)
    findings = list(_dropped(given.others, links))
    parts = split_parts(words)
    positive = [part.text for part in parts if part.weight >= 0]
    negative = [part.text for part in parts if part.weight < 0]
    if "::" in words:
        reason = say("weights of a multi-prompt are dropped; a negative one is the negative prompt")
        findings.append(_finding("MJ-weight", words, ", ".join(positive), reason))
    for term in given.no:
        if len(words_of(term)) > 1:
            reason = say("Midjourney bans each word of it alone; here the words stay together")
            findings.append(_finding("MJ-words", term, term, reason, Effect.ADVISED))
    prompt = (
        ", ".join(map(literal, positive)) if len(parts) > 1 else "".join(map(literal, positive))
    )
    terms = dict.fromkeys(literal(term) for term in [*given.no, *negative])
    return WebuiPrompt(prompt, ", ".join(term for term in terms if term), tuple(findings))


def _dropped(others: tuple[Parameter, ...], links: tuple[str, ...]) -> Iterator[Finding]:
    if others:
        named = " ".join(parameter.text for parameter in others)
        yield _finding("MJ-parameter", named, "", say("parameters of Midjourney are left out"))
    if links:
        yield _finding("MJ-link", " ".join(links), "", say("links to pictures are left out"))


def _finding(
    rule: str, before: str, after: str, reason: Sentence, effect: Effect = Effect.ENFORCED
) -> Finding:
    return Finding(rule, effect, Field.PROMPT, None, before, after, reason, (), SOURCE)
