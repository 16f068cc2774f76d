"""How pictures of each family are usually made."""

from __future__ import annotations

import pytest

from lib_lora_neg.loras.families import ModelFamily
from lib_lora_neg.scan.usual import OTHERS, USUAL, UsualSampling, usual_sampling


@pytest.mark.parametrize(
    ("family", "cfg", "steps", "size", "guidance"),
    [
        ("sd1", 7, 20, (512, 512), None),
        ("sd2", 7, 20, (768, 768), None),
        ("sdxl", 5, 24, (1024, 1024), None),
        ("sd3", 4.5, 28, (1024, 1024), None),
        ("flux", 1, 20, (1024, 1024), 3.5),
        ("flux2", 1, 4, (1024, 1024), None),
        ("zimage", 1, 9, (1024, 1024), None),
        ("chroma", 5, 35, (1024, 1024), None),
        ("qwen", 4, 50, (1024, 1024), None),
        ("wan", 5, 50, (832, 480), None),
        ("krea", 4.5, 28, (1024, 1024), None),
        ("lumina", 4, 30, (1024, 1024), None),
        ("ernie", 4, 50, (1024, 1024), None),
        ("auraflow", 3.5, 50, (1024, 1024), None),
        ("hidream", 5, 50, (1024, 1024), None),
        ("kolors", 5, 50, (1024, 1024), None),
        ("pixart", 4.5, 20, (1024, 1024), None),
        ("sana", 4.5, 20, (1024, 1024), None),
        ("ltx", 3, 50, (704, 512), None),
        ("unknown", 7, 20, (1024, 1024), None),
    ],
)
def test_each_family_has_its_own(
    family: str, cfg: float, steps: int, size: tuple[int, int], guidance: float | None
) -> None:
    found = usual_sampling(ModelFamily(family))
    assert (found.cfg, found.steps, (found.width, found.height)) == (cfg, steps, size)
    assert found.distilled_cfg == guidance


@pytest.mark.parametrize("own", [*USUAL.values(), OTHERS])
def test_each_line_says_where_it_is_from_and_can_be_asked_for(own: UsualSampling) -> None:
    assert own.source
    assert own.width % 16 == own.height % 16 == 0
    assert own.cfg >= 1


def test_what_the_model_says_of_itself_goes_before_its_family() -> None:
    assert usual_sampling(ModelFamily.SD1, side=64).width == 64
    schnell = usual_sampling(ModelFamily.FLUX, distilled=False)
    assert (schnell.steps, schnell.cfg, schnell.distilled_cfg) == (4, 1, None)
    assert usual_sampling(ModelFamily.UNKNOWN, distilled=True).distilled_cfg == 3.5
