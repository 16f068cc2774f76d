"""Findings as HTML, for the panel."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from ..hosts.reporting import Report
from ..policy import Effect, Field, Finding

_FIELD_NAMES = {
    Field.PROMPT: "prompt",
    Field.NEGATIVE: "negative prompt",
    Field.CFG: "CFG",
    Field.HR_PROMPT: "hires prompt",
    Field.HR_NEGATIVE: "hires negative prompt",
    Field.HR_CFG: "hires CFG",
}

NOTHING_YET = "Nothing generated yet."
NOTHING_FOUND = "Nothing to change: the last generation was made as you asked for it."


def report_html(report: Report | None) -> str:
    """Return the findings of the last generation, or that there was none."""
    if report is None:
        return f'<p class="lora-neg-empty">{NOTHING_YET}</p>'
    return findings_html(report.findings, report.failures)


def findings_html(findings: Sequence[Finding], failures: Iterable[str] = ()) -> str:
    """Return the findings of one generation as a list: what was changed first, then advice."""
    failed = "".join(
        f'<li class="lora-neg-failed"><strong>Not guarded</strong> '
        f'<span class="lora-neg-reason">{escape(failure)}</span></li>'
        for failure in failures
    )
    ordered = sorted(findings, key=lambda finding: finding.effect is not Effect.ENFORCED)
    rows = "".join(_row(finding) for finding in ordered)
    if not failed and not rows:
        return f'<p class="lora-neg-empty">{NOTHING_FOUND}</p>'
    return f'<ul class="lora-neg-findings">{failed}{rows}</ul>'


def _row(finding: Finding) -> str:
    effect = finding.effect.value
    word = "Changed" if finding.effect is Effect.ENFORCED else "Advice"
    evidence = "".join(f"<li>{escape(fact)}</li>" for fact in finding.evidence)
    source = f"<li>Source: {escape(finding.source)}</li>" if finding.source else ""
    details = (
        f"<details><summary>Why</summary><ul>{evidence}{source}</ul></details>"
        if evidence or source
        else ""
    )
    return (
        f'<li class="lora-neg-{effect}">'
        f'<span class="lora-neg-effect">{word}</span>'
        f'<span class="lora-neg-rule">{escape(finding.rule)}</span>'
        f'<span class="lora-neg-field">{_FIELD_NAMES[finding.field]}</span>'
        f"{_change(finding)}"
        f'<span class="lora-neg-reason">{escape(finding.reason)}</span>{details}</li>'
    )


def _change(finding: Finding) -> str:
    before, after = escape(finding.before), escape(finding.after)
    if finding.before == finding.after:
        return f'<span class="lora-neg-change"><code>{before}</code></span>'
    if not before:
        return f'<span class="lora-neg-change">add <code>{after}</code></span>'
    if not after:
        return f'<span class="lora-neg-change">remove <code>{before}</code></span>'
    return (
        f'<span class="lora-neg-change"><code>{before}</code>'
        f' <span aria-label="becomes">→</span> <code>{after}</code></span>'
    )
