"""The weight scan: what a LoRA suppresses at negative weight, and where its damage begins.

Host-free. A host implements `Generator`; then

    store = ScanStore(root, plan)
    for cell in run(plan, generator, store, cancel):
        ...                       # progress, live grid
    verdict = write_report(store)  # verdict.json, report.html
"""

from .bracket import Verdict, judge
from .figures import draw_curves, draw_grid
from .plan import Cell, Part, PlanError, ScannedLora, ScanPlan, ScanPrompt
from .ports import (
    Abilities,
    Batch,
    Cancellation,
    Denoiser,
    Generator,
    LoraSetting,
    Picture,
    Probe,
    Sampling,
    Shot,
)
from .quick import QuickLimits, QuickSample, QuickVerdict, judge_quick, take_samples
from .report import conclude, html_report, record, write_report
from .runner import CellDone, Progress, ScanFailedError, run
from .store import PastScan, ScanStore, StoreError, history
from .suggestions import suggest_prompts
from .weights import PRESETS, WeightListError, format_weights, parse_weights
from .wording import notes, sentence

__all__ = [
    "PRESETS",
    "Abilities",
    "Batch",
    "Cancellation",
    "Cell",
    "CellDone",
    "Denoiser",
    "Generator",
    "LoraSetting",
    "Part",
    "PastScan",
    "Picture",
    "PlanError",
    "Probe",
    "Progress",
    "QuickLimits",
    "QuickSample",
    "QuickVerdict",
    "Sampling",
    "ScanFailedError",
    "ScanPlan",
    "ScanPrompt",
    "ScanStore",
    "ScannedLora",
    "Shot",
    "StoreError",
    "Verdict",
    "WeightListError",
    "conclude",
    "draw_curves",
    "draw_grid",
    "format_weights",
    "history",
    "html_report",
    "judge",
    "judge_quick",
    "notes",
    "parse_weights",
    "record",
    "run",
    "sentence",
    "suggest_prompts",
    "take_samples",
    "write_report",
]
