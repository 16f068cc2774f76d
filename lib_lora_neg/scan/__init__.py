"""The weight scan: what a LoRA suppresses at negative weight, and where its damage begins.

Host-free. A host implements `Generator`; then

    store = ScanStore(root, plan)
    for cell in run(plan, generator, store, cancel):
        ...                       # progress, live grid
    outcome = write_report(store)  # verdict.json, report.html
    outcome.sentence
"""

from .bracket import Verdict, judge
from .figures import draw_curves, draw_grid
from .outcome import Proposal, ScanOutcome, outcome_of
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
from .report import conclude, html_report, write_quick, write_report
from .runner import CellDone, Progress, ScanFailedError, run
from .saving import in_force, propose
from .store import PastScan, ScanStore, StoreError, history
from .suggestions import Scenes, scenes_of, suggest_prompts
from .weights import PRESETS, WeightListError, format_weights, parse_weights

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
    "Proposal",
    "QuickLimits",
    "QuickSample",
    "QuickVerdict",
    "Sampling",
    "ScanFailedError",
    "ScanOutcome",
    "ScanPlan",
    "ScanPrompt",
    "ScanStore",
    "ScannedLora",
    "Scenes",
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
    "in_force",
    "judge",
    "judge_quick",
    "outcome_of",
    "parse_weights",
    "propose",
    "run",
    "scenes_of",
    "suggest_prompts",
    "take_samples",
    "write_quick",
    "write_report",
]
