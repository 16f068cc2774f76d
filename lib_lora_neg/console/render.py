"""A checked request for people and for programs."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum

from ..policy import Effect, Field, Finding, GuardPlan, PromptSet
from ..prompts import Edit
from ..telling import is_hidden, printable
from .check import CheckedRequest
from .terminal import TerminalPalette

WIDTH = 96
_LABEL = 12


def as_json(checked: CheckedRequest) -> str:
    """Return one line of JSON: the guarded request first, then its findings.

    What a line of JSON had beside the request stands in it again, and the request also under the
    keys the line had for it.
    """
    prompt, negative, cfg = checked.first
    asked = checked.asked
    entry: dict[str, object] = {
        "prompt": prompt,
        "negative_prompt": negative,
        "cfg_scale": cfg,
        "findings": [finding.plain() for finding in checked.plan.findings],
        "family": checked.plan.request.family.value,
    }
    hires = checked.plan.hires
    if hires is not None:
        entry["hr_prompt"] = hires.prompts[0]
        entry["hr_negative_prompt"] = hires.negative_prompts[0]
        entry["hr_cfg"] = hires.cfg_scale
    own = {theirs: entry[ours] for ours, theirs in asked.keys.items()}
    return to_json({**asked.extra, **own, **entry})


def to_json(value: object, **more: object) -> str:
    """Return an object as JSON on one line, readable as UTF-8.

    What is no visible character is escaped: it could steer a terminal, or break the line for a
    reader of lines.
    """
    entry = plain(value)
    if isinstance(entry, dict):
        entry.update((key, plain(item)) for key, item in more.items())
    text = json.dumps(entry, ensure_ascii=False)
    if text.isprintable():
        return text
    return "".join(json.dumps(c)[1:-1] if is_hidden(c) else c for c in text)


def plain(value: object) -> object:
    """Return dataclasses, enumerations and mappings as what JSON knows."""
    if isinstance(value, Enum):
        return value.value
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    return value


def as_text(checked: CheckedRequest, palette: TerminalPalette) -> str:
    """Return a request before and after, and below it what each rule saw."""
    plan = checked.plan
    lines = list(_passes(plan, palette))
    if checked.family_inferred:
        where = "from the LoRAs; --family says it" if plan.request.family.value != "unknown" else ""
        lines.append(row("family", f"{plan.request.family.value} {palette(where, 'dim')}".rstrip()))
    if not plan.findings:
        lines.append(palette("  nothing to change, nothing to say", "dim"))
    for finding in plan.findings:
        lines.extend(finding_lines(finding, palette))
    return "\n".join(lines)


def _passes(plan: GuardPlan, palette: TerminalPalette) -> Iterator[str]:
    names = (Field.PROMPT, Field.NEGATIVE, Field.CFG)
    yield from _pass(plan, plan.request.first, plan.first, names, palette)
    if plan.hires is not None and plan.request.hires is not None:
        names = (Field.HR_PROMPT, Field.HR_NEGATIVE, Field.HR_CFG)
        yield from _pass(plan, plan.request.hires, plan.hires, names, palette)


def _pass(
    plan: GuardPlan,
    before: PromptSet,
    after: PromptSet,
    names: tuple[Field, Field, Field],
    palette: TerminalPalette,
) -> Iterator[str]:
    texts = (
        (names[0], before.prompts[0], after.prompts[0]),
        (names[1], before.negative_prompts[0], after.negative_prompts[0]),
    )
    for name, old, new in texts:
        edits = sorted(edit.edit for edit in plan.edits if edit.field is name)
        yield from _text(_LABELS[name], old, new, edits, palette)
    if before.cfg_scale == after.cfg_scale:
        if before.cfg_scale is not None:
            yield row(_LABELS[names[2]], f"{before.cfg_scale:g}")
        return
    old_cfg, new_cfg = (_number(value) for value in (before.cfg_scale, after.cfg_scale))
    yield row(_LABELS[names[2]], f"{palette(old_cfg, 'removed')} → {palette(new_cfg, 'added')}")


_LABELS = {
    Field.PROMPT: "prompt",
    Field.NEGATIVE: "negative",
    Field.CFG: "CFG",
    Field.HR_PROMPT: "hr prompt",
    Field.HR_NEGATIVE: "hr negative",
    Field.HR_CFG: "hr CFG",
}


def _text(
    label: str, old: str, new: str, edits: list[Edit], palette: TerminalPalette
) -> Iterator[str]:
    if old == new:
        yield row(label, _shown(old) or palette("(empty)", "dim"))
        return
    removed, added, position = [], [], 0
    for edit in edits:
        kept = _shown(old[position : edit.start])
        removed += [kept, palette(_shown(old[edit.start : edit.end]), "removed")]
        added += [kept, palette(_shown(edit.replacement), "added")]
        position = edit.end
    rest = _shown(old[position:])
    yield row(label, "".join([*removed, rest]) or palette("(empty)", "dim"))
    yield row("→", "".join([*added, rest]) or palette("(empty)", "dim"))


def finding_lines(finding: Finding, palette: TerminalPalette) -> Iterator[str]:
    """Yield the lines of one finding: what it changed, why, and from what evidence."""
    enforced = finding.effect is Effect.ENFORCED
    head = f"  {'●' if enforced else '○'} {finding.rule:<4} {finding.effect.value}"
    parts = [palette(head, "green" if enforced else "yellow")]
    if finding.lora:
        parts.append(palette(_shown(finding.lora), "bold"))
    parts.append(_change(finding))
    yield "  ".join(part for part in parts if part)
    yield from indented(finding.reason)
    for fact in finding.evidence:
        yield from (palette(line, "dim") for line in indented(f"· {fact}"))
    if finding.source:
        yield from (palette(line, "dim") for line in indented(f"source: {finding.source}"))


def _change(finding: Finding) -> str:
    before, after = _shown(finding.before), _shown(finding.after)
    if before == after:
        return before
    arrow = "→" if finding.effect is Effect.ENFORCED else "⇢"
    return f"{before or '(nothing)'} {arrow} {after or '(removed)'}"


def indented(text: str) -> list[str]:
    """Return a paragraph below a finding or a row, wrapped."""
    indent = " " * 10
    return textwrap.wrap(
        _shown(text),
        WIDTH,
        initial_indent=indent,
        subsequent_indent=indent + ("  " if text.startswith("· ") else ""),
        break_long_words=False,
        break_on_hyphens=False,
    )


def row(label: str, text: str) -> str:
    """Return a line with its label in the column of labels."""
    return f"  {label:>{_LABEL}}  {text}"


def _shown(text: str) -> str:
    return printable(text).replace("\n", "⏎")


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:g}"
