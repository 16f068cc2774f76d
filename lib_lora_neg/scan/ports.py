"""What the weight scan asks of the place where pictures are made.

A host implements `Generator` (and `ScanDenoiser` and `Critic`, where it can) and nothing else:
planning, storing, measuring and judging are the scan's own. A scan passes raw weights. The host
must apply them as they are, with the guard aside, because the scan is what finds the guard's
numbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..prompts import format_tag

Pixels: TypeAlias = NDArray[np.uint8]
"""A picture: height × width × 3, red, green, blue, 0–255."""

LatentArray: TypeAlias = NDArray[np.float32]
"""A latent or a denoiser's prediction, of any shape."""


@dataclass(frozen=True)
class LoraSetting:
    """The raw weights of one LoRA; 0 everywhere means that it is not loaded.

    Attributes:
        name: as the host knows it.
        text_encoder: weight in the text encoders.
        unet: weight in the denoiser.
        negative_unet: weight in the denoiser on the negative branch; ``None`` is the same.
        negative_text_encoder: weight in the text encoders while the negative prompt is encoded;
            ``None`` is the same.
        blocks: of the denoiser, in which alone it acts, as a tag has them; empty for all.
    """

    name: str
    text_encoder: float
    unet: float
    negative_unet: float | None = None
    negative_text_encoder: float | None = None
    blocks: str = ""

    @property
    def tag(self) -> str:
        """The tag that asks for these weights and blocks."""
        return format_tag(
            "lora",
            self.name,
            self.text_encoder,
            self.unet,
            self.negative_unet,
            self.negative_text_encoder,
            blocks=self.blocks,
        )

    @property
    def branched(self) -> bool:
        """Whether the negative branch has a weight of its own."""
        return self.negative_unet not in (None, self.unet) or self.negative_text_encoder not in (
            None,
            self.text_encoder,
        )

    @property
    def acts(self) -> bool:
        """Whether any weight is not 0."""
        return bool(
            self.text_encoder or self.unet or self.negative_unet or self.negative_text_encoder
        )


@dataclass(frozen=True)
class Sampling:
    """How all pictures of one scan are made.

    Attributes:
        cfg: CFG scale, the same for every weight; 1 means no negative branch.
        steps: sampling steps.
        width: of the picture, in pixels.
        height: of the picture, in pixels.
        sampler: as the host names it; empty for the host's own choice.
        scheduler: as the host names it; empty for the host's own choice.
        distilled_cfg: distilled guidance of models that take it; ``None`` elsewhere.
    """

    cfg: float = 7.0
    steps: int = 20
    width: int = 1024
    height: int = 1024
    sampler: str = ""
    scheduler: str = ""
    distilled_cfg: float | None = None

    @property
    def evaluations(self) -> int:
        """Denoiser evaluations of one picture: CFG above 1 needs a second one per step."""
        return self.steps * (2 if self.cfg > 1 else 1)


@dataclass(frozen=True)
class ImageRequest:
    """One picture to make; the prompts carry no LoRA tags of their own."""

    prompt: str
    negative_prompt: str
    seed: int


@dataclass(frozen=True)
class ScanBatch:
    """Pictures that share one weight setting, so the LoRA is merged once for all of them.

    ``loras`` is empty at weight 0: there the model must be as if no LoRA existed.
    """

    loras: tuple[LoraSetting, ...]
    requests: tuple[ImageRequest, ...]
    sampling: Sampling


@dataclass(frozen=True, eq=False)
class Picture:
    """What came out for one request.

    Attributes:
        pixels: height × width × 3, uint8.
        latent: the final latent before decoding, where the host can hand it out.
        infotext: the host's own text about the picture; may be empty.
    """

    pixels: Pixels
    latent: LatentArray | None = None
    infotext: str = ""


@dataclass(frozen=True)
class Abilities:
    """What a host can reuse; the scan orders and cuts its batches by it.

    Attributes:
        max_batch: most pictures of one batch.
        latents: pictures come with their latent.
    """

    max_batch: int = 1
    latents: bool = False


class Cancellation(Protocol):
    """Says whether the user wants to stop; a `threading.Event` is one."""

    def is_set(self) -> bool: ...


class Generator(Protocol):
    """Makes pictures with raw LoRA weights."""

    def abilities(self) -> Abilities: ...

    def generate(self, batch: ScanBatch, cancel: Cancellation) -> Iterator[Picture]:
        """Yield one picture per request, in the requests' order, each as soon as it is there.

        When ``cancel`` is set it should stop within a sampling step and simply end; a picture
        that was interrupted halfway must not be yielded. When it raises, the requests that have no
        picture yet are asked for again one by one, and what fails alone is recorded.
        """
        ...


@dataclass(frozen=True)
class Probe:
    """One denoiser evaluation to make: a prompt on fixed noise at a noise level.

    Attributes:
        prompt: without LoRA tags.
        seed: of the noise; the same probe means the same input at every weight.
        level: 0 (clean) to 1 (pure noise) of the model's own schedule.
    """

    prompt: str
    seed: int
    level: float


class ScanDenoiser(Protocol):
    """Evaluates the denoiser at single points, for the quick scan; optional for a host."""

    def predict(
        self, loras: tuple[LoraSetting, ...], probes: Sequence[Probe], sampling: Sampling
    ) -> Sequence[LatentArray]:
        """Return the conditional prediction for each probe, in order (no CFG)."""
        ...


@dataclass(frozen=True, eq=False)
class Question:
    """One evaluation to make on a finished picture: noise is added, the model says what was there.

    Attributes:
        picture: its latent as it left the sampler; without one, the pixels are encoded.
        prompt: without LoRA tags; empty for no prompt at all.
        seed: of the noise; the same seed and level mean the same noise for every picture.
        level: 0 (clean) to 1 (pure noise) of the model's own schedule.
    """

    picture: Picture
    prompt: str
    seed: int
    level: float


class Critic(Protocol):
    """Lets the loaded model judge finished pictures; optional for a host."""

    def residuals(
        self, loras: tuple[LoraSetting, ...], questions: Sequence[Question], sampling: Sampling
    ) -> Sequence[LatentArray]:
        """Return for each question, in order, what the model gets wrong about the picture.

        That is its clean latent as predicted from the noisy one (conditional prediction, no CFG)
        minus the latent itself: channels × height × width, in units of the latent.

        Args:
            loras: loaded for this call only; empty for the checkpoint alone. What is loaded
                besides, and everything else that the next picture depends on, is afterwards as
                it was.
            questions: in any order; pictures may stand in several.
            sampling: of the scan, for what conditions the model besides the texts.
        """
        ...
