"""What the scan tab's routes answer: JSON in, JSON out, whatever carries it."""

from __future__ import annotations

from ...hosts.answers import Answer
from ...hosts.scanning import ScanTabHost
from ...scan.jobs import ScanJobs
from .form_answers import FormAnswers
from .job_answers import JobAnswers
from .result_answers import ResultAnswers


def scan_answers(host: ScanTabHost, jobs: ScanJobs) -> dict[str, Answer]:
    """Return the answers of the tab's routes by the last part of their address."""
    form, job, results = FormAnswers(host, jobs), JobAnswers(host, jobs), ResultAnswers(host, jobs)
    return {
        "scan-overview": form.overview,
        "scan-loras": form.loras,
        "scan-lora": form.lora,
        "scan-plan": form.plan,
        "scan-start": job.start,
        "scan-resume": job.resume,
        "scan-stop": job.stop,
        "scan-state": job.state,
        "scan-open": results.open,
        "scan-cell": results.cell,
        "scan-grid-text": results.grid_text,
        "scan-save": results.save,
        "scan-take-back": results.take_back,
        "scan-history": results.history,
        "scan-delete": results.delete,
    }
