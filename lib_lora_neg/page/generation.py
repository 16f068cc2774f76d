"""One press of Generate: the guarded pictures, and beside them those made as typed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from PIL.Image import Image

from ..hosts.reporting import Report
from ..policy import Mode
from ..policy.infotext import marked_off
from ..policy.switches import rules_switched_off
from ..prompts import Edit, apply_edits, parse
from .host import GenerationResultLike, PageHost, PictureLike, Stop
from .sheets import sheet

GUARDED, AS_TYPED, WITHOUT = "Guarded", "As typed", "Without the LoRA"
NOTHING_TO_COMPARE = "The guard changed nothing, so there is nothing to compare."


@dataclass(frozen=True)
class TabRequest:
    """What stands in a tab when Generate is pressed.

    Attributes:
        fields: of the job, by the names of `hosts.diffusers.GenerationJob`.
        enabled: the panel's toggle.
        mode: the panel's mode, by its name.
        compare: make each picture also as typed.
        rules: labels of the quick switches that are on.
        reference: with ``compare``, also make each picture as typed but without LoRAs, which
            shows what the model draws by itself.
    """

    fields: Mapping[str, Any]
    enabled: bool = True
    mode: str = Mode.ENFORCE.value
    compare: bool = False
    rules: object = None
    reference: bool = False

    @property
    def in_force(self) -> Mode:
        """The mode, with the toggle taken into account."""
        return Mode.parse(self.mode) if self.enabled else Mode.OFF


@dataclass(frozen=True, eq=False)
class GalleryPicture:
    """One picture of the gallery.

    Attributes:
        image: of any size.
        caption: under the picture; empty for none.
        infotext: to copy; a sheet has that of its first picture.
        seed: of the picture.
        keep: it is to be saved: a sheet is made of pictures that are.
    """

    image: Image
    caption: str
    infotext: str
    seed: int
    keep: bool = True


@dataclass(frozen=True, eq=False)
class GenerationOutcome:
    """What came out: the gallery from its first picture on, and what to say about it."""

    shown: Sequence[GalleryPicture]
    report: Report
    seed: int
    seconds: float
    interrupted: bool = False
    notes: tuple[str, ...] = field(default=())


@dataclass(frozen=True)
class GenerationProgress:
    """How far it is; ``stage`` names the pass where there are two."""

    share: float
    stage: str = ""


def make(
    host: PageHost, asked: TabRequest, cancel: Stop, tell: Callable[[GenerationProgress], None]
) -> GenerationOutcome:
    """Make the pictures, guarded, and as typed where that was asked for and differs.

    Raises:
        Exception: what the host says; the text is for the person at the page.
    """
    began = time.monotonic()
    mode, rules = asked.in_force, rules_switched_off(asked.rules)

    def told(stage: str) -> Callable[[Any], None]:
        def on_step(step: Any) -> None:
            tell(GenerationProgress(step.done / step.total if step.total else 1.0, stage))

        return on_step

    compare = asked.compare and mode is not Mode.OFF
    stage = "guarded" if compare else ""
    made = host.generate(mode=mode, rules=rules, cancel=cancel, on_step=told(stage), **asked.fields)
    notes, others = list(made.problems), []
    if compare and not made.interrupted:
        if made.report.enforced:
            for heading, fields in _twins(asked, made.job.seed):
                said = told(heading.lower())
                twin = host.generate(mode=Mode.OFF, cancel=cancel, on_step=said, **fields)
                others.append((heading, twin))
                if twin.interrupted:
                    break
        else:
            notes.append(NOTHING_TO_COMPARE)
    return GenerationOutcome(
        shown=_gallery(made, others),
        report=made.report,
        seed=made.job.seed,
        seconds=time.monotonic() - began,
        interrupted=made.interrupted or any(twin.interrupted for _, twin in others),
        notes=tuple(notes),
    )


def without_loras(text: str) -> str:
    """Return a prompt without its LoRA tags."""
    tags = [tag for tag in parse(text).tags if tag.is_lora]
    if not tags:
        return text
    return apply_edits(text, [Edit(tag.start, tag.end, "") for tag in tags]).strip()


def _twins(asked: TabRequest, seed: int) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield what is made beside the guarded pictures, at their seed: heading and fields."""
    typed = {**asked.fields, "seed": seed}
    yield AS_TYPED, typed
    if asked.reference:
        bare = {name: without_loras(str(typed[name])) for name in ("prompt", "negative_prompt")}
        if any(bare[name] != typed[name] for name in bare):
            yield WITHOUT, {**typed, **bare}


def _gallery(
    made: GenerationResultLike, others: Sequence[tuple[str, GenerationResultLike]]
) -> list[GalleryPicture]:
    if not others:
        return [_shown(picture, "") for picture in made.pictures]
    ours = [_shown(picture, GUARDED) for picture in made.pictures]
    theirs = [
        GalleryPicture(picture.image, heading, marked_off(picture.infotext), picture.seed)
        for heading, twin in others
        for picture in twin.pictures
    ]
    # As typed comes first, then what became of it.
    columns = [(others[0][0], others[0][1]), (GUARDED, made), *others[1:]]
    rows = [
        [picture.image for picture in row]
        for row in zip(*(column.pictures for _, column in columns), strict=False)
    ]
    if not rows:
        return [*ours, *theirs]
    headings = [heading for heading, _ in columns]
    both = GalleryPicture(
        sheet(rows, headings),
        f"{', '.join(headings)}: same seed",
        ours[0].infotext,
        ours[0].seed,
        keep=False,
    )
    return [both, *ours, *theirs]


def _shown(picture: PictureLike, caption: str) -> GalleryPicture:
    return GalleryPicture(picture.image, caption, picture.infotext, picture.seed)
