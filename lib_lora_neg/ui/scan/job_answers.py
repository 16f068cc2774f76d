"""What the scan tab asks of its job: start, go on, stop, and how far it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...hosts.scanning import ScanTabHost
from ...scan.jobs import ScanJobError, ScanJobs
from ...scan.plan import ScanPlan
from ...sentences import as_whole, said_by, say
from .form import ScanError, asks_model, read_form
from .view import cell_json, find_scan, job_json

MAX_NEWS = 500


class JobAnswers:
    """Answers what the page asks of the one job at a time. Requests come in threads."""

    def __init__(self, host: ScanTabHost, jobs: ScanJobs) -> None:
        self._host, self._jobs = host, jobs

    def start(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Start what the form asks for."""
        plan = read_form(body, self._host)
        quick = body.get("kind") == "quick"
        return self._started(plan, quick=quick, asked=asks_model(body, self._host))

    def resume(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Go on with a scan where it was stopped."""
        scan = find_scan(self._host.scans_folder(), body.get("scan"))
        plan = scan.plan
        for lora in plan.loras:
            if lora.digest and self._host.lora_digest(lora.name) != lora.digest:
                raise ScanError(
                    "lora",
                    say(
                        "The file of {name} is missing or has changed since this scan began; "
                        "start a new scan of it.",
                        name=lora.name,
                    ),
                )
        asked = scan.store().asks_model and self._host.critic() is not None
        return self._started(plan, quick=False, asked=asked)

    def _started(self, plan: ScanPlan, *, quick: bool, asked: bool) -> dict[str, Any]:
        try:
            if quick:
                return {"job": job_json(self._jobs.start_quick(plan))}
            return {"job": job_json(self._jobs.start(plan, critic=asked))}
        except ScanJobError as problem:
            raise ScanError("job", as_whole(said_by(problem))) from problem

    def stop(self, _: Mapping[str, Any]) -> dict[str, Any]:
        """Stop the running job after the picture in hand."""
        self._jobs.stop()
        return {"job": job_json(self._jobs.view())}

    def state(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return the job, and the cells that became finished since the ``after``-th."""
        job = self._jobs.view()
        after = body.get("after")
        start = after if isinstance(after, int) and after > 0 else 0
        news = self._jobs.news(job.scan, start)[:MAX_NEWS] if job is not None else []
        return {
            "job": job_json(job),
            "after": start + len(news),
            "news": [{**cell_json(item.cell), "error": say(item.error or "")} for item in news],
        }
