"""What the model is asked about a finished picture, and on which noise.

The more evaluations a picture takes, the more may be asked about it: see `question_set`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from .ports import Picture, Question, Sampling

_SEED_STEP = 0x9E3779B1
"""Odd number that scatters seeds over 2³² (Knuth's multiplicative hashing): the noise that is added
must not be the noise that the picture was made from."""


@dataclass(frozen=True)
class QuestionSet:
    """What is asked about one picture.

    Attributes:
        levels: noise levels at which the model is asked with the prompt: 0.1 is step 100 of 1000.
        blank_level: one of them, at which it is asked without the prompt, too; ``None`` if nowhere.
        lost_from: octaves of *off the prompt* from which content counts as lost: midway between
            what 95 % of sound drawings stay below and what drawings with a lost part have in the
            middle.
    """

    levels: tuple[float, ...]
    blank_level: float | None
    lost_from: float

    @property
    def cost(self) -> int:
        """Evaluations per picture."""
        return len(self.levels) + (self.blank_level is not None)


QUESTION_SETS = (
    QuestionSet((0.1, 0.2, 0.3), 0.1, 0.3),
    QuestionSet((0.2,), 0.2, 0.5),
    QuestionSet((0.2,), None, math.inf),
)
"""From the most thorough to the cheapest. Levels were chosen among eight on spoilt drawings
(``bench/scan_spoilers.py``): higher ones hardly see what was there any more, and differ more
between sound pictures; lower ones miss lost parts; of single ones, 0.2 is nearly as good as all
three."""

SHARE = 0.1
"""Of the evaluations that make a picture, what asking about it may add; the cheapest asking is one
evaluation, whatever its share."""


def question_set(sampling: Sampling) -> QuestionSet:
    """Return what is asked about pictures made in some way: the most that `SHARE` allows."""
    allowed = SHARE * sampling.evaluations
    return next((one for one in QUESTION_SETS if one.cost <= allowed), QUESTION_SETS[-1])


def questions_of(
    picture: Picture, prompt: str, seed: int, asked: QuestionSet
) -> tuple[Question, ...]:
    """Return the questions about one picture: the levels with the prompt, then the one without.

    Args:
        picture: with its latent in half precision, as a store keeps it (`as_stored`).
        prompt: that it was made from.
        seed: that it was made from; the noise is another one.
        asked: what to ask.
    """
    questions = [
        Question(picture, prompt, noise_seed(seed, level), level) for level in asked.levels
    ]
    if asked.blank_level is not None:
        own = noise_seed(seed, asked.blank_level)
        questions.append(Question(picture, "", own, asked.blank_level))
    return tuple(questions)


def noise_seed(seed: int, level: float) -> int:
    """Return the seed of the noise that is added at a level to pictures of a seed."""
    return (seed * _SEED_STEP + round(level * 1000) + 1) % 2**32
