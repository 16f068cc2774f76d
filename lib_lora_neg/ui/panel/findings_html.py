"""Findings as HTML, for the panel."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from ...hosts.reporting import Report
from ...policy import Effect, Field, Finding
from ...policy.sources import linked_parts
from ...sentences import ENGLISH, Translator
from .chips import shared_chip, title_of

_FIELD_NAMES = {
    Field.PROMPT: "prompt",
    Field.NEGATIVE: "negative prompt",
    Field.CFG: "CFG",
    Field.HR_PROMPT: "hires prompt",
    Field.HR_NEGATIVE: "hires negative prompt",
    Field.HR_CFG: "hires CFG",
}

HEADING = "Last generation"
NOTHING_YET = "Nothing generated yet."
NOTHING_FOUND = "Nothing to change: the last generation was made as you asked for it."


def report_html(report: Report | None, words: Translator = ENGLISH) -> str:
    """Return the findings of the last generation under a heading, or that there was none."""
    heading = f'<p class="lora-neg-heading">{escape(words(HEADING))}</p>'
    if report is None:
        return f"{heading}{_empty(NOTHING_YET, words)}"
    return f"{heading}{findings_html(report.findings, report.failures, words)}"


def findings_html(
    findings: Sequence[Finding], failures: Iterable[str] = (), words: Translator = ENGLISH
) -> str:
    """Return the findings of one generation as a list: what was changed first, then advice."""
    failed = "".join(
        f'<li class="lora-neg-failed"><span class="lora-neg-effect">'
        f"{escape(words('Not guarded'))}</span> "
        f'<span class="lora-neg-reason">{escape(failure)}</span></li>'
        for failure in failures
    )
    ordered = sorted(findings, key=lambda finding: finding.effect is not Effect.ENFORCED)
    rows = "".join(
        _row(finding, words, told=_is_told(finding, ordered[:number]))
        for number, finding in enumerate(ordered)
    )
    if not failed and not rows:
        return _empty(NOTHING_FOUND, words)
    return f'<ul class="lora-neg-findings">{failed}{rows}</ul>'


def _empty(text: str, words: Translator) -> str:
    return f'<p class="lora-neg-empty">{escape(words(text))}</p>'


def _is_told(finding: Finding, before: Sequence[Finding]) -> bool:
    """Whether an earlier finding of a rule that judges LoRAs together has said the sentence."""
    if shared_chip(finding.rule) is None:
        return False
    return any((f.rule, f.reason) == (finding.rule, finding.reason) for f in before)


def _row(finding: Finding, words: Translator, told: bool) -> str:
    reason = "" if told else escape(words(finding.reason))
    effect = finding.effect.value
    word = words("Changed" if finding.effect is Effect.ENFORCED else "Advice")
    title = words(title_of(finding.rule))
    return (
        f'<li class="lora-neg-{effect}">'
        f'<span class="lora-neg-effect">{escape(word)}</span>'
        f"{_change(finding, words)}"
        f'<span class="lora-neg-reason">{reason}</span>'
        f'<span class="lora-neg-where">{escape(words(_FIELD_NAMES[finding.field]))}'
        f" · {escape(title)} · {escape(finding.rule)}</span>"
        f"{'' if told else _details(finding, words)}</li>"
    )


def _details(finding: Finding, words: Translator) -> str:
    facts = [escape(words(fact)) for fact in finding.evidence]
    if finding.source:
        facts.append(f"{escape(words('Source:'))} {_linked(words(finding.source))}")
    if not facts:
        return ""
    rows = "".join(f"<li>{fact}</li>" for fact in facts)
    return f"<details><summary>{escape(words('Why'))}</summary><ul>{rows}</ul></details>"


def _linked(source: str) -> str:
    return "".join(
        f'<a href="{escape(address)}" target="_blank" rel="noreferrer">{escape(text)}</a>'
        if address
        else escape(text)
        for text, address in linked_parts(source)
    )


def _change(finding: Finding, words: Translator) -> str:
    """Return before and after; numbers in the type of the text, pieces of a prompt as code."""
    done = finding.effect is Effect.ENFORCED
    numbers = finding.field in (Field.CFG, Field.HR_CFG)
    tag = "span" if numbers else "code"
    before = f'<{tag} dir="auto">{escape(finding.before)}</{tag}>'
    after = f'<{tag} dir="auto">{escape(finding.after)}</{tag}>'
    if finding.before == finding.after:
        inside = before
    elif not finding.before:
        inside = f"{after} {escape(words('added' if done else 'to add'))}"
    elif not finding.after:
        inside = f"{before} {escape(words('removed' if done else 'to remove'))}"
    else:
        arrow = f'<span class="lora-neg-arrow" role="img" aria-label="{words("becomes")}">→</span>'
        inside = f"{before} {arrow} {after}"
    kind = " lora-neg-numbers" if numbers else ""
    return f'<span class="lora-neg-change{kind}">{inside}</span>'
