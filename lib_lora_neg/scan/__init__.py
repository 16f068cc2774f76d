"""The weight scan: what a LoRA suppresses at negative weight, and where its damage begins.

Host-free. A host implements `Generator`; then

    store = ScanStore(root, plan)
    for cell in run(plan, generator, store, cancel):
        ...                       # progress, live grid
    outcome = write_report(store)  # verdict.json, report.html
    outcome.sentence
"""

from .bracket import ScanVerdict, judge
from .figures import draw_curves, draw_grid
from .outcome import Proposal, ScanOutcome, outcome_of
from .past_scans import PastScan, history
from .plan import LoraPart, PlanError, ScanCell, ScannedLora, ScanPlan, ScanPrompt
from .ports import (
    Abilities,
    Cancellation,
    Generator,
    ImageRequest,
    LoraSetting,
    Picture,
    Probe,
    Sampling,
    ScanBatch,
    ScanDenoiser,
)
from .quick import QuickLimits, QuickSample, QuickVerdict, judge_quick, take_samples
from .report import conclude, html_report, write_quick, write_report
from .runner import CellDone, ScanFailedError, ScanProgress, run
from .saving import in_force, propose
from .store import ScanStore, ScanStoreError
from .suggestions import Scenes, scenes_of, suggest_prompts
from .weights import PRESETS, WeightListError, format_weights, parse_weights

__all__ = [
    "PRESETS",
    "Abilities",
    "Cancellation",
    "CellDone",
    "Generator",
    "ImageRequest",
    "LoraPart",
    "LoraSetting",
    "PastScan",
    "Picture",
    "PlanError",
    "Probe",
    "Proposal",
    "QuickLimits",
    "QuickSample",
    "QuickVerdict",
    "Sampling",
    "ScanBatch",
    "ScanCell",
    "ScanDenoiser",
    "ScanFailedError",
    "ScanOutcome",
    "ScanPlan",
    "ScanProgress",
    "ScanPrompt",
    "ScanStore",
    "ScanStoreError",
    "ScanVerdict",
    "ScannedLora",
    "Scenes",
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
