"""A scan's outcome on the disk: JSON for programs, one HTML file that needs nothing besides."""

from __future__ import annotations

import base64
from functools import lru_cache
from typing import TYPE_CHECKING

from ..whole import write_whole
from .bracket import ScanVerdict, judge
from .curves import CurvePoint, words_of
from .figures import PictureOf, draw_curves, draw_grid
from .heat import heat_of as stored_heat
from .outcome import ScanOutcome
from .plan import LoraPart, ScanCell, ScanPlan
from .ports import Pixels
from .quick import QuickVerdict
from .store import ScanStore
from .weights import format_weight, format_weights

if TYPE_CHECKING:
    from jinja2 import Template

REPORT = "report.html"
"""Name of the report in a scan's folder."""

_PARTS = {
    LoraPart.BOTH: "unet and text encoder",
    LoraPart.UNET: "unet only",
    LoraPart.TEXT_ENCODER: "text encoder only",
}


def conclude(store: ScanStore) -> ScanVerdict:
    """Judge what a store holds by now."""
    plan = store.plan
    unrelated = frozenset(index for index, prompt in enumerate(plan.prompts) if not prompt.subject)
    return judge(
        store.measured(), unrelated=unrelated, checkpoint=plan.checkpoint, planned=plan.cells()
    )


def write_verdict(store: ScanStore) -> ScanOutcome:
    """Judge a store, and write ``verdict.json`` into its folder.

    Raises:
        OSError: when the disk does not take it.
    """
    outcome = ScanOutcome(store.plan, conclude(store))
    store.save_verdict(outcome.to_record())
    return outcome


def write_quick(store: ScanStore, verdict: QuickVerdict) -> ScanOutcome:
    """Keep what a quick scan found, as ``quick.json``; raises as `write_verdict`."""
    outcome = ScanOutcome(store.plan, verdict)
    store.save_quick(outcome.to_record())
    return outcome


def write_report(store: ScanStore) -> ScanOutcome:
    """Judge a store, and write ``verdict.json`` and ``report.html`` into its folder.

    Raises:
        OSError: when the disk does not take them.
    """
    verdict = conclude(store)
    outcome = ScanOutcome(store.plan, verdict)
    store.save_verdict(outcome.to_record())
    write_whole(store.folder / REPORT, report_of(store, verdict))
    return outcome


def report_of(store: ScanStore, verdict: ScanVerdict) -> bytes:
    """Return the report of a store as an HTML file; reads all its pictures."""

    def pixels(cell: ScanCell) -> Pixels | None:
        picture = store.picture(cell)
        return picture.pixels if picture else None

    heat = (lambda cell: stored_heat(store, cell)) if store.was_read else None
    return html_report(store.plan, verdict, pixels, heat).encode("utf-8")


def html_report(
    plan: ScanPlan, verdict: ScanVerdict, picture_of: PictureOf, heat_of: PictureOf | None = None
) -> str:
    """Return the whole report as one HTML document: verdict, curves, grid, numbers.

    Args:
        plan: the scan.
        verdict: what `bracket.judge` said.
        picture_of: as for `figures.draw_grid`.
        heat_of: the same with the places where the model balks; ``None`` where it was not asked.
    """
    outcome = ScanOutcome(plan, verdict)
    curves = draw_curves(verdict)
    page: str = _page().render(
        name=plan.name,
        sentence=outcome.sentence,
        notes=outcome.notes,
        curves=_address(curves, "png") if curves else "",
        grid=_address(draw_grid(plan, picture_of, verdict), "jpeg"),
        heat=_address(draw_grid(plan, heat_of, verdict), "jpeg") if heat_of else "",
        points=[_row(point) for point in verdict.points],
        facts={label: text for label, text in _facts(plan).items() if text},
    )
    return page


def _address(data: bytes, kind: str) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(data).decode('ascii')}"


def _row(point: CurvePoint) -> tuple[str, ...]:
    return (
        format_weight(point.weight),
        f"{point.effect:.3f} ± {point.effect_spread:.3f}",
        f"{point.damage:.2f} ± {point.damage_spread:.2f}",
        f"{round(point.outside * point.pairs)} of {point.pairs}",
        words_of(point.cause) if point.damage >= 0.5 else "",
        "" if point.balks is None else f"{point.balks:.0%}",
    )


def _facts(plan: ScanPlan) -> dict[str, str]:
    sampling = plan.sampling
    return {
        "LoRA": ", ".join(f"{lora.name} {lora.digest[:10]}".strip() for lora in plan.loras),
        "Checkpoint": plan.checkpoint,
        "Weights": format_weights(plan.weights),
        "Part": _PARTS[plan.part],
        "Blocks": plan.masks,
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


@lru_cache(maxsize=1)
def _page() -> Template:
    """Return the page's template; every value in it is escaped, and a missing one is an error."""
    from jinja2 import Environment, StrictUndefined

    made = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    return made.from_string(_PAGE)


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>Weight scan of {{ name }}</title><style>
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 75rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; overflow-wrap: anywhere; } h2 { font-size: 1.15rem; margin-top: 2rem; }
.verdict { font-size: 1.15rem; border-left: 4px solid #0072b2; padding-left: .8rem; }
.figure img { max-width: 100%; height: auto; border-radius: 4px; background: white; }
summary { cursor: pointer; font-weight: 600; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
td, th { padding: .2rem .9rem .2rem 0; text-align: right; border-bottom: 1px solid #8884; }
.facts td, .facts th { text-align: left; vertical-align: top; overflow-wrap: anywhere; }
.facts th { white-space: nowrap; font-weight: 600; }
</style></head>
<body>
<h1>Weight scan of {{ name }}</h1>
<p class="verdict">{{ sentence }}</p>
{% if notes %}
<ul>{% for note in notes %}<li>{{ note }}</li>{% endfor %}</ul>
{% endif %}
{% if curves %}
<p class="figure"><img alt="Effect and damage over the weight" src="{{ curves }}"></p>
{% endif %}
<h2>Pictures</h2>
<p class="figure"><img alt="A column per weight" src="{{ grid }}"></p>
{% if heat %}
<details><summary>Where the model balks</summary>
<p>The model without the LoRA was asked what each picture should look like. In colour is where it is
further off than at weight 0: smeared, misplaced, missing or doubled parts, and also what the LoRA
is meant to change. It balks at a picture that is less likely than its change explains.</p>
<p class="figure"><img alt="Where the model balks, a column per weight" src="{{ heat }}"></p>
</details>
{% endif %}
<h2>Numbers</h2>
<div class="wide"><table>
<thead><tr>
<th>weight</th><th>effect</th><th>damage</th><th>damaged pictures</th><th>most by</th>
{% if heat %}<th>the model balks at</th>{% endif %}
</tr></thead>
<tbody>
{% for point in points %}
<tr>{% for text in (point if heat else point[:-1]) %}<td>{{ text }}</td>{% endfor %}</tr>
{% endfor %}
</tbody></table></div>
<p>Medians over all prompts and seeds ± median absolute deviation. Effect: 0 is the picture of
weight 0. Damage: 1 is the edge of what healthy pictures differ by.</p>
<h2>How it was made</h2>
<table class="facts">
{% for label, text in facts.items() %}
<tr><th>{{ label }}</th><td>{{ text }}</td></tr>
{% endfor %}
</table>
</body></html>
"""
