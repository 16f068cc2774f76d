"""What a user chooses: a method, one strength, for which share of the steps, its own numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from ..prompts.reading import AND
from .numbers import Numbers, changed
from .settings import Method, NagSettings, OngSettings, Settings, VsfSettings

MOST_STRENGTH = 10.0
MOST_CONCEPTS = 8
"""Each costs an evaluation of its text in every block."""


@dataclass(frozen=True)
class MethodDefault:
    """What a method begins with on a kind of model.

    Attributes:
        settings: at strength 1.
        source: where the numbers come from.
        tested: whether the source is about this kind of model.
    """

    settings: Settings
    source: str
    tested: bool = True


_VSF_SOURCE = "arXiv:2508.10931, the authors' code for SD 3.5 Turbo: s 3.5, b 0.1"
_ONG_SOURCE = "arXiv:2605.29390, abstract only: tau = 2; everything else is our reading"

DEFAULTS: dict[str, dict[Method, MethodDefault]] = {
    "flux": {
        Method.NAG: MethodDefault(
            NagSettings(phi=4.0, tau=2.5, alpha=0.25),
            "arXiv:2505.21179, its authors' code for FLUX.1: scale 5 (phi 4), tau 2.5, alpha 0.25",
        ),
        Method.VSF: MethodDefault(VsfSettings(), _VSF_SOURCE, tested=False),
        Method.ONG: MethodDefault(OngSettings(), _ONG_SOURCE, tested=False),
    },
    "klein": {
        Method.NAG: MethodDefault(
            NagSettings(phi=5.0, tau=2.0, alpha=0.25),
            "neo-nag's adapter for Flux.2 Klein 4B, distilled: phi 5, tau 2, alpha 0.25",
        ),
        Method.VSF: MethodDefault(VsfSettings(), _VSF_SOURCE, tested=False),
        Method.ONG: MethodDefault(OngSettings(), _ONG_SOURCE, tested=False),
    },
    "zimage": {
        Method.NAG: MethodDefault(
            NagSettings(phi=1.0, tau=2.5, alpha=0.25),
            "ComfyUI-NAG, pull request 64, Z-Image Turbo: scale 1.5 to 2.3 (phi 0.5 to 1.3)",
        ),
        Method.VSF: MethodDefault(VsfSettings(), _VSF_SOURCE, tested=False),
        Method.ONG: MethodDefault(OngSettings(), _ONG_SOURCE, tested=False),
    },
    "qwen": {
        Method.NAG: MethodDefault(
            NagSettings(phi=4.0, tau=2.5, alpha=0.25), "FLUX.1's numbers", tested=False
        ),
        Method.VSF: MethodDefault(VsfSettings(), _VSF_SOURCE, tested=False),
        Method.ONG: MethodDefault(OngSettings(), _ONG_SOURCE, tested=False),
    },
    "krea": {
        Method.NAG: MethodDefault(
            NagSettings(phi=4.0, tau=2.5, alpha=0.25),
            "neo-nag's adapter for Krea 2: phi 4, tau 2.5, alpha 0.25",
        ),
        Method.VSF: MethodDefault(VsfSettings(), _VSF_SOURCE, tested=False),
        Method.ONG: MethodDefault(OngSettings(), _ONG_SOURCE, tested=False),
    },
    "anima": {
        Method.NAG: MethodDefault(
            NagSettings(phi=2.0, tau=2.5, alpha=0.5),
            "neo-nag's adapter for Anima with a turbo LoRA: phi 2, tau 2.5, alpha 0.5",
        ),
        Method.VSF: MethodDefault(VsfSettings(), _VSF_SOURCE, tested=False),
        Method.ONG: MethodDefault(OngSettings(), _ONG_SOURCE, tested=False),
    },
    "unet": {
        Method.NAG: MethodDefault(
            NagSettings(phi=2.0, tau=2.5, alpha=0.5),
            "pamparamm's and neo-nag's nodes for SDXL: phi 2, tau 2.5, alpha 0.5",
        ),
        Method.VSF: MethodDefault(VsfSettings(), _VSF_SOURCE, tested=False),
        Method.ONG: MethodDefault(OngSettings(), _ONG_SOURCE, tested=False),
    },
}
"""By kind of model: ``flux`` (FLUX.1), ``klein`` (Flux.2), ``zimage``, ``qwen``, ``krea``: joint
attention; ``anima`` and ``unet``: cross attention."""


@dataclass(frozen=True)
class Guidance:
    """Negative guidance as asked for.

    Attributes:
        method: NAG, VSF or ONG.
        strength: 1 is the model's default, 0 is off; it scales φ, s or λ.
        share: of the sampling steps, from the first on, in which it acts; 0–1.
        settings: the method's own numbers at strength 1; ``None`` takes the model's default.
        own_vector: the negative's text is modulated by its own pooled vector (Flux).
        numbers: what differs from these settings, see `numbers.read_numbers`.
        several: an ``AND`` in the negative prompt divides concepts, which are guided away from one
            after another; else it is one concept, whatever stands in it.

    Raises:
        ValueError: a number is out of range, or the settings are of another method.
    """

    method: Method
    strength: float = 1.0
    share: float = 1.0
    settings: Settings | None = None
    own_vector: bool = True
    numbers: Numbers = ()
    several: bool = False

    def __post_init__(self) -> None:
        for name, value, most in (
            ("strength", self.strength, MOST_STRENGTH),
            ("share", self.share, 1.0),
        ):
            if not math.isfinite(value) or not 0 <= value <= most:
                raise ValueError(f"{name} of negative guidance must be 0 to {most:g}, not {value}")
        if self.settings is not None and self.settings.method is not self.method:
            raise ValueError(f"settings of {self.settings.method.value}, not {self.method.value}")

    def settings_for(self, kind: str) -> Settings:
        """Return the method's numbers on a kind of model (`DEFAULTS`), strength included."""
        base = self.settings if self.settings is not None else DEFAULTS[kind][self.method].settings
        base = changed(base, self.numbers)
        if isinstance(base, NagSettings):
            return replace(base, phi=base.phi * self.strength)
        return replace(base, strength=base.strength * self.strength)

    def concepts(self, negative_prompt: str) -> tuple[str, ...]:
        """Return the concepts of a negative prompt, at least one; empty ones are left out.

        Raises:
            ValueError: they are more than `MOST_CONCEPTS`.
        """
        if not self.several:
            return (negative_prompt,)
        parts = [part.strip(" \t\r\n,") for part in AND.split(negative_prompt)]
        found = tuple(part for part in parts if part) or ("",)
        if len(found) > MOST_CONCEPTS:
            raise ValueError(f"{len(found)} negative concepts, the most are {MOST_CONCEPTS}")
        return found

    def acts_at(self, step: int, steps: int) -> bool:
        """Return whether it acts in a step, the first of which is 0."""
        return self.strength > 0 and step < self.share * steps
