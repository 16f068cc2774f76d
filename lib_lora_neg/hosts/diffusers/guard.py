"""The guard around a job: plan it, make the pictures of the plan, say what was done.

If anything here fails but the making itself, the pictures are made as they were asked for, and
report, infotext and console say that they were not guarded.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from ...policy import GuardPlan, GuardSettings, Mode, PromptSet, plan
from ...policy.infotext import MODE_KEY, NOT_GUARDED, guard_parameters
from ...scan.ports import Cancellation, ImageRequest
from ...telling import complain, complain_of
from ..reporting import Report
from .engine import Engine
from .infotext import write_infotext
from .job import MAX_SEED, GeneratedPicture, GenerationJob, GenerationResult, GenerationStep, OnStep
from .passes import PassTexts
from .requests import loras_in, read_request
from .sampling import CancelledError


def make_guarded(
    engine: Engine,
    settings: GuardSettings,
    job: GenerationJob,
    mode: Mode | None = None,
    rules: Mapping[str, Mode] | None = None,
    cancel: Cancellation | None = None,
    on_step: OnStep | None = None,
) -> GenerationResult:
    """Make a job's pictures; arguments and errors as of `host.DiffusersHost.generate`."""
    seed = random.randrange(MAX_SEED) if job.seed < 0 else job.seed
    with engine.lock:
        asked = engine.completed(job, seed)
        problem = _guidance_problem(engine, job)
        if problem:
            asked = replace(asked, guidance=None)
        work = _Work(engine, asked, cancel, on_step)
        if problem:
            work.problems.append(f"negative guidance is off: {problem}")
        guarded = _Guarded.of(work, in_force(settings, mode, rules))
        interrupted = False
        try:
            for number in range(work.job.batch_count):
                work.batch(number, guarded)
        except CancelledError:
            interrupted = True
    return GenerationResult(
        job=work.job,
        pictures=tuple(work.pictures),
        report=guarded.report,
        plan=guarded.plan,
        interrupted=interrupted,
        problems=tuple(dict.fromkeys(work.problems)),
    )


def _guidance_problem(engine: Engine, job: GenerationJob) -> str:
    """Return why negative guidance cannot act on a job; empty when it can."""
    if job.guidance is None:
        return ""
    try:
        for text in (job.negative_prompt, job.hires.negative_prompt if job.hires else ""):
            job.guidance.concepts(text)
    except ValueError as error:
        return str(error)
    return engine.passes.denoiser.guidance_problem()


def in_force(
    settings: GuardSettings, mode: Mode | None, rules: Mapping[str, Mode] | None
) -> GuardSettings:
    """Return the settings for one generation."""
    return replace(
        settings,
        mode=settings.mode if mode is None else mode,
        rules={**settings.rules, **(rules or {})},
    )


@dataclass(frozen=True)
class _Guarded:
    """What will be made of a job.

    Attributes:
        first: texts and CFG of the first pass.
        hires: of the second pass, or ``None``.
        plan: of the guard; ``None`` where it is off or failed.
        report: for the panel.
        parameters: for the infotext.
    """

    first: PromptSet
    hires: PromptSet | None
    plan: GuardPlan | None
    report: Report
    parameters: dict[str, str]

    @classmethod
    def of(cls, work: _Work, settings: GuardSettings) -> _Guarded:
        request = read_request(work.engine, work.job)
        asked = (request.first, request.hires)
        if settings.mode is Mode.OFF:
            return cls(*asked, None, Report(settings.mode, (), ()), {})
        try:
            made = plan(request, work.engine, settings)
            parameters = guard_parameters(settings.mode, made.findings)
            report = Report(settings.mode, made.findings, ())
        except Exception as error:  # the picture matters more than the guard
            fault = f"{type(error).__name__}: {error}"
            complain(f"LoRA Negative Guard failed, so this is not guarded: {fault}")
            complain_of(error)
            return cls(*asked, None, Report(settings.mode, (), (fault,)), {MODE_KEY: NOT_GUARDED})
        return cls(made.first, made.hires, made, report, parameters)


@dataclass
class _Work:
    """A job in progress."""

    engine: Engine
    job: GenerationJob
    cancel: Cancellation | None
    on_step: OnStep | None
    pictures: list[GeneratedPicture] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    steps: int = 0

    def batch(self, number: int, guarded: _Guarded) -> None:
        """Make one batch.

        Raises:
            CancelledError: somebody stopped it.
        """
        first = self._texts(guarded.first, None)
        hires = self._texts(guarded.hires, first) if guarded.hires is not None else None
        start = self.job.seed + number * self.job.batch_size
        requests = [
            ImageRequest(first.prompt, first.negative_prompt, (start + index) % (MAX_SEED + 1))
            for index in range(self.job.batch_size)
        ]
        made = self.engine.make(self.job, requests, first, hires, self.cancel, self._after_step())
        for image, picture in zip(requests, made, strict=True):
            infotext = write_infotext(
                self.engine, self.job, image.seed, first, hires, guarded.parameters
            )
            latent = picture.latent.numpy()
            self.pictures.append(GeneratedPicture(picture.image, image.seed, infotext, latent))

    def _texts(self, texts: PromptSet, first: PassTexts | None) -> PassTexts:
        prompt = texts.prompts[0]
        wanted, problems = loras_in(prompt)
        usable, unusable = self.engine.networks.check(wanted)
        self.problems += [*problems, *unusable]
        cfg = texts.cfg_scale
        if cfg is None:
            cfg = first.cfg if first is not None else self.job.cfg_scale
        return PassTexts(prompt, texts.negative_prompts[0], cfg, tuple(usable))

    def _after_step(self) -> Callable[[], None]:
        total = self.engine.steps_of(self.job)

        def after_step() -> None:
            self.steps += 1
            if self.on_step is not None:
                self.on_step(GenerationStep(min(self.steps, total), total, len(self.pictures)))

        return after_step
