"""A scan for reading: JSON for programs, and one HTML file that needs nothing besides itself."""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping
from dataclasses import asdict
from html import escape
from typing import Any

from .bracket import Verdict, judge
from .curves import SIGNS
from .figures import PictureOf, draw_curves, draw_grid
from .files import write_whole
from .plan import Cell, Part, ScanPlan
from .ports import Pixels
from .store import ScanStore
from .weights import format_weight, format_weights
from .wording import notes, sentence

SCHEMA = 1
"""Version of the JSON record."""

REPORT = "report.html"
"""Name of the report in a scan's folder."""

_PARTS = {
    Part.BOTH: "unet and text encoder",
    Part.UNET: "unet only",
    Part.TEXT_ENCODER: "text encoder only",
}


def conclude(store: ScanStore) -> Verdict:
    """Judge what a store holds by now."""
    plan = store.plan
    unrelated = frozenset(index for index, prompt in enumerate(plan.prompts) if not prompt.subject)
    return judge(store.measured(), unrelated=unrelated, checkpoint=plan.checkpoint)


def record(plan: ScanPlan, verdict: Verdict) -> dict[str, Any]:
    """Return a scan's outcome as JSON types.

    Numbers that are not known are ``null``; weights are raw, damage is in units of the band.
    """
    found: dict[str, Any] = _plain(asdict(verdict))
    return {
        "schema": SCHEMA,
        "sentence": sentence(verdict),
        "notes": notes(verdict),
        "plan": plan.record(),
        "digest": plan.digest,
        **found,
    }


def html_report(plan: ScanPlan, verdict: Verdict, picture_of: PictureOf) -> str:
    """Return the whole report as one HTML document: verdict, curves, grid, numbers.

    Args:
        plan: the scan.
        verdict: what `bracket.judge` said.
        picture_of: as for `figures.draw_grid`.
    """
    curves = draw_curves(verdict)
    parts = [
        f"<h1>Weight scan of {escape(plan.name)}</h1>",
        f'<p class="verdict">{escape(sentence(verdict))}</p>',
        _list(notes(verdict)),
        _image(curves, "Effect and damage over the weight", "png") if curves else "",
        "<h2>Pictures</h2>",
        _image(draw_grid(plan, picture_of, verdict), "A column per weight", "jpeg"),
        "<h2>Numbers</h2>",
        _table(verdict),
        "<h2>How it was made</h2>",
        _facts(plan),
    ]
    return _PAGE.format(title=escape(plan.name), style=_STYLE, body="\n".join(parts))


def write_verdict(store: ScanStore) -> Verdict:
    """Judge a store, and write ``verdict.json`` into its folder.

    Raises:
        OSError: when the disk does not take it.
    """
    verdict = conclude(store)
    store.save_verdict(record(store.plan, verdict))
    return verdict


def write_report(store: ScanStore) -> Verdict:
    """Judge a store, and write ``verdict.json`` and ``report.html`` into its folder.

    Raises:
        OSError: when the disk does not take them.
    """
    verdict = write_verdict(store)
    write_whole(store.folder / REPORT, report_of(store, verdict))
    return verdict


def report_of(store: ScanStore, verdict: Verdict) -> bytes:
    """Return the report of a store as an HTML file; reads all its pictures."""

    def pixels(cell: Cell) -> Pixels | None:
        picture = store.picture(cell)
        return picture.pixels if picture else None

    return html_report(store.plan, verdict, pixels).encode("utf-8")


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 6) if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value


def _image(data: bytes, text: str, kind: str) -> str:
    source = base64.b64encode(data).decode("ascii")
    return (
        f'<p class="figure"><img alt="{escape(text)}" src="data:image/{kind};base64,{source}"></p>'
    )


def _list(items: list[str]) -> str:
    return "<ul>" + "".join(f"<li>{escape(item)}</li>" for item in items) + "</ul>" if items else ""


def _table(verdict: Verdict) -> str:
    heads = ("weight", "effect", "damage", "damaged pictures", "most by")
    rows = [
        (
            format_weight(point.weight),
            f"{point.effect:.3f} ± {point.effect_spread:.3f}",
            f"{point.damage:.2f} ± {point.damage_spread:.2f}",
            f"{round(point.outside * point.pairs)} of {point.pairs}",
            SIGNS[point.cause].words if point.damage >= 0.5 else "",
        )
        for point in verdict.points
    ]
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(text)}</td>" for text in row) + "</tr>" for row in rows
    )
    head = "".join(f"<th>{text}</th>" for text in heads)
    return (
        f'<div class="wide"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
        "<p>Medians over all prompts and seeds ± median absolute deviation. Effect: 0 is the "
        "picture of weight 0. Damage: 1 is the edge of what healthy pictures differ by.</p>"
    )


def _facts(plan: ScanPlan) -> str:
    sampling = plan.sampling
    facts = {
        "LoRA": ", ".join(f"{lora.name} {lora.digest[:10]}".strip() for lora in plan.loras),
        "Checkpoint": plan.checkpoint,
        "Weights": format_weights(plan.weights),
        "Part": _PARTS[plan.part],
        "Prompts": " · ".join(
            prompt.text + ("" if prompt.subject else " (unrelated)") for prompt in plan.prompts
        ),
        "Negative prompt": plan.negative_prompt,
        "Added to it with the LoRA": plan.negative_word,
        "Seeds": ", ".join(map(str, plan.seeds)),
        "CFG scale": f"{sampling.cfg:g}",
        "Distilled CFG": "" if sampling.distilled_cfg is None else f"{sampling.distilled_cfg:g}",
        "Steps": str(sampling.steps),
        "Size": f"{sampling.width} × {sampling.height}",
        "Sampler": f"{sampling.sampler} {sampling.scheduler}".strip(),
        **dict(plan.facts),
    }
    rows = "".join(
        f"<tr><th>{escape(key)}</th><td>{escape(value)}</td></tr>"
        for key, value in facts.items()
        if value
    )
    return f'<table class="facts">{rows}</table>'


_STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 75rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; overflow-wrap: anywhere; } h2 { font-size: 1.15rem; margin-top: 2rem; }
.verdict { font-size: 1.15rem; border-left: 4px solid #0072b2; padding-left: .8rem; }
.figure img { max-width: 100%; height: auto; border-radius: 4px; background: white; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
td, th { padding: .2rem .9rem .2rem 0; text-align: right; border-bottom: 1px solid #8884; }
.facts td, .facts th { text-align: left; vertical-align: top; overflow-wrap: anywhere; }
.facts th { white-space: nowrap; font-weight: 600; }
"""

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>Weight scan of {title}</title><style>{style}</style></head>
<body>
{body}
</body></html>
"""
