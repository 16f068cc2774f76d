"""Negative guidance in a WebUI: around each evaluation of one generation's model.

Forge and its forks hand every evaluation to a wrapper, if the model of the pass has one. Ours adds
the negative prompt to the text, guides, and leaves nothing behind after the evaluation. A1111's
models take no wrapper: see `guidance_a1111`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from ...guidance import Guidance
from ...telling import complain_of
from .. import guidance_keys as keys
from . import guidance_a1111

ATTRIBUTE = "_lora_neg_guidance"
WRAPPER = "model_function_wrapper"
MARK = "is_lora_neg"


def begin(p: Any, guidance: Guidance | None) -> None:
    """Remember what a generation asks for; its model need not be loaded yet."""
    guidance_a1111.leave()
    for key in keys.KEYS:
        p.extra_generation_params.pop(key, None)
    setattr(p, ATTRIBUTE, guidance)


def before_batch(p: Any) -> str:
    """Look whether the loaded model can be guided, and write the infotext's keys.

    Returns:
        Why it cannot be, for people; empty if it can, or nothing is asked for.
    """
    guidance = getattr(p, ATTRIBUTE, None)
    if guidance is None:
        return ""
    kind, problem = _kind_of(p.sd_model)
    if problem:
        begin(p, None)
        return problem
    p.extra_generation_params.update(keys.infotext_keys(guidance, kind))
    return ""


def is_on(p: Any) -> bool:
    """Whether a generation is guided."""
    return getattr(p, ATTRIBUTE, None) is not None


def _kind_of(sd_model: Any) -> tuple[str, str]:
    """Return the kind of model as `guidance.choice.DEFAULTS` names it, or why there is none."""
    objects = getattr(sd_model, "forge_objects", None)
    if objects is None:
        problem = guidance_a1111.problem(sd_model)
        return ("", problem) if problem else ("unet", "")
    unet: Any = getattr(objects, "unet", None)
    if not hasattr(unet, "set_model_unet_function_wrapper"):
        return "", "this host has no way in for this model"
    if _is_foreign(unet.model_options.get(WRAPPER)):
        return "", "another tool has wrapped the model"
    from ...guidance import originals

    model = unet.model.diffusion_model
    return originals.kind_of(model, sys.modules[type(model).__module__])


def before_sampling(p: Any, failed: Callable[[str], None]) -> None:
    """Wrap the model of the pass that is about to be sampled, if the generation is guided.

    Args:
        p: the host's processing object.
        failed: told why guidance did not act after all; the picture is made without it then.
    """
    guidance = getattr(p, ATTRIBUTE, None)
    if guidance is None:
        return
    guidance_a1111.leave()

    def given_up(reason: str) -> None:
        for key in keys.KEYS:
            p.extra_generation_params.pop(key, None)
        failed(reason)

    kind, problem = _kind_of(p.sd_model)
    if problem:
        given_up(problem)
        return
    try:
        negatives = _Negatives(p, _negatives(p, guidance))
    except ValueError as error:
        given_up(str(error))
        return
    objects = getattr(p.sd_model, "forge_objects", None)
    if objects is None:
        acts = partial(_acts, p, guidance)
        guidance_a1111.watch(p, guidance, negatives.texts, acts, given_up)
        return
    unet = objects.unet.clone()
    unet.set_model_unet_function_wrapper(
        _Wrapper(p, guidance, kind, unet.model.diffusion_model, negatives, given_up)
    )
    objects.unet = unet


def end(p: Any) -> None:
    """Take everything off the model when a generation is over.

    Forge drops the wrapper itself when the next one begins; an interrupted generation may leave it
    until then.
    """
    guidance_a1111.leave()
    unet: Any = getattr(getattr(p.sd_model, "forge_objects", None), "unet", None)
    options = getattr(unet, "model_options", {})
    if getattr(options.get(WRAPPER), MARK, False):
        del options[WRAPPER]


def _acts(p: Any, guidance: Guidance) -> bool:
    """Whether the present step is guided."""
    cfg = getattr(getattr(p, "sampler", None), "model_wrap_cfg", None)
    step, steps = getattr(cfg, "step", 0), getattr(cfg, "total_steps", 0)
    return guidance.acts_at(int(step), max(int(steps or 0), int(step) + 1))


def _is_foreign(wrapper: object) -> bool:
    """Whether a wrapper is another tool's; one of ours may be from before a UI reload."""
    return wrapper is not None and not getattr(wrapper, MARK, False)


def _negatives(p: Any, guidance: Guidance) -> list[Any]:
    """Return each negative concept of the pass, encoded, with its schedules over the steps.

    Raises:
        ValueError: the pictures have different numbers of concepts, or too many.
    """
    hires = bool(getattr(p, "is_hr_pass", False))
    texts = p.hr_negative_prompts if hires else p.negative_prompts
    split = [guidance.concepts(text) for text in texts]
    counts = {len(concepts) for concepts in split}
    if len(counts) > 1:
        raise ValueError(
            "the negative prompts of a batch have different numbers of concepts: "
            + ", ".join(map(str, sorted(counts)))
        )
    there = getattr(p, "hr_uc" if hires else "uc", None)
    if there is not None and all(
        concepts == (text,) for concepts, text in zip(split, texts, strict=True)
    ):
        return [there]
    return [_encoded(p, list(concept), hires) for concept in zip(*split, strict=True)]


def _encoded(p: Any, texts: list[str], hires: bool) -> Any:
    from modules import prompt_parser

    scale = {} if not hires else {"width": p.hr_upscale_to_x, "height": p.hr_upscale_to_y}
    size = {"width": p.width, "height": p.height, **scale}
    told = prompt_parser.SdConditioning(texts, is_negative_prompt=True, **size)
    distilled = getattr(p, "distilled_cfg_scale", None)
    if distilled is not None:
        told.distilled_cfg_scale = distilled
    steps = int(getattr(p, "firstpass_steps", 0) or p.steps)
    if not hires:
        return prompt_parser.get_learned_conditioning(p.sd_model, told, steps)
    second = int(p.hr_second_pass_steps or p.steps) * int(getattr(p, "step_multiplier", 1) or 1)
    return prompt_parser.get_learned_conditioning(p.sd_model, told, steps, second)


@dataclass
class _Negatives:
    """The concepts of a pass, each encoded with its schedules."""

    p: Any
    concepts: list[Any]

    def texts(self, pictures: int) -> list[Any]:
        """Return each concept's text of this step, pictures × tokens × width.

        Raises:
            GuidanceError: there are other pictures than negative prompts.
        """
        from ...guidance.ownership import GuidanceError

        step = int(getattr(getattr(self.p.sampler, "model_wrap_cfg", None), "step", 0))
        texts = []
        for concept in self.concepts:
            found = [_at(schedule, step) for schedule in concept]
            if len(found) not in (1, pictures):
                raise GuidanceError(f"{len(found)} negative prompts for {pictures} pictures")
            texts.append(_stacked(found * pictures if len(found) == 1 else found))
        return texts


def _at(schedule: Sequence[Any], step: int) -> Any:
    """Return the text of a step, … × tokens × width; in a step behind all it is the first.

    As the host chooses, but not by its own function, which fails where a schedule's texts have
    different lengths.
    """
    entry = next((entry for entry in schedule if step <= entry.end_at_step), schedule[0])
    return entry.cond["crossattn"] if isinstance(entry.cond, Mapping) else entry.cond


def _stacked(texts: Sequence[Any]) -> Any:
    """Return texts of several pictures as one; shorter ones repeat their end, as the host's do."""
    import torch

    longest = max(text.shape[-2] for text in texts)
    return torch.stack([torch.cat([text, *_ends(text, longest)], dim=-2) for text in texts])


def _ends(text: Any, tokens: int) -> list[Any]:
    """Return what makes a text as long as that: its last token, again and again."""
    return [text[..., -1:, :]] * (tokens - text.shape[-2])


@dataclass
class _Wrapper:
    """What the host calls instead of the model of one pass."""

    p: Any
    guidance: Guidance
    kind: str
    model: Any
    negatives: _Negatives
    failed: Callable[[str], None]
    given_up: bool = False
    is_lora_neg: bool = True

    def __deepcopy__(self, _: dict[int, Any]) -> _Wrapper:
        """Return itself: the host, and every tool that patches a model, copies its options."""
        return self

    def __call__(self, apply_model: Callable[..., Any], told: Mapping[str, Any]) -> Any:
        x, t, c = told["input"], told["timestep"], told["c"]
        if self.given_up or not _acts(self.p, self.guidance):
            return apply_model(x, t, **c)
        from ...guidance.ownership import GuidanceError

        try:
            return self._guided(apply_model, x, t, c, list(told["cond_or_uncond"]))
        except GuidanceError as error:
            reason = str(error)
        except Exception as error:  # the picture matters more
            complain_of(error)
            reason = f"it failed, see the console ({type(error).__name__})"
        self.given_up = True
        self.failed(reason)
        return apply_model(x, t, **c)

    def _guided(
        self, apply_model: Callable[..., Any], x: Any, t: Any, c: Any, parts: list[int]
    ) -> Any:
        import torch

        from ...guidance import originals
        from ...guidance.ownership import GuidanceError

        options = c.get("transformer_options") or {}
        what = {"unet": ("attn2", "the cross attention")}.get(self.kind, ("dit", "blocks"))
        if options.get("patches_replace", {}).get(what[0]):
            raise GuidanceError(f"another tool has replaced {what[1]} of the model")
        context = c["c_crossattn"]
        pictures = x.shape[0] // len(parts)
        negatives = tuple(
            text.to(context).repeat(len(parts), *[1] * (text.ndim - 1))
            for text in self.negatives.texts(pictures)
        )
        guided_rows = [part == 0 for part in parts for _ in range(pictures)]
        rows = None if all(guided_rows) else torch.tensor(guided_rows, device=x.device)
        settings = self.guidance.settings_for(self.kind)
        module = sys.modules[type(self.model).__module__]
        with originals.guided(
            self.kind, self.model, module, context, negatives, settings, rows
        ) as texts:
            return apply_model(x, t, **{**c, "c_crossattn": texts})
