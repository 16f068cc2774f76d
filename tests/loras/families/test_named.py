from __future__ import annotations

import pytest

from lib_lora_neg.loras.families import ModelFamily
from lib_lora_neg.loras.families.named import KNOWN_FAMILIES, UnknownFamilyError, named_family


@pytest.mark.parametrize("family", KNOWN_FAMILIES)
def test_a_family_is_known_by_its_own_name(family: str) -> None:
    assert named_family(family) is ModelFamily(family)
    assert named_family(f" {family.upper()}\n") is ModelFamily(family)


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("SDXL Lightning", ModelFamily.SDXL),
        ("SDXL 1.0", ModelFamily.SDXL),
        ("sdxl_base_v1-0", ModelFamily.SDXL),
        ("Illustrious", ModelFamily.SDXL),
        ("Animagine XL 3.1", ModelFamily.SDXL),
        ("juggernautXL_v9", ModelFamily.SDXL),
        ("PixArt-XL-2", ModelFamily.PIXART),
        ("NetaYume Lumina", ModelFamily.LUMINA),
        ("Wan Image", ModelFamily.WAN),
        ("SD 1.5 LCM", ModelFamily.SD1),
        ("stable-diffusion-v1-5", ModelFamily.SD1),
        ("Flux.1 D", ModelFamily.FLUX),
        ("Flux.2 Klein 9B-base", ModelFamily.FLUX2),
        ("SD 3.5 Large Turbo", ModelFamily.SD3),
    ],
)
def test_base_models_are_read_as_on_their_pages(name: str, family: ModelFamily) -> None:
    assert named_family(name) is family


@pytest.mark.parametrize("name", ["", " ", "unknown", "Other", "auto"])
def test_a_name_may_leave_it_open(name: str) -> None:
    assert named_family(name) is None


@pytest.mark.parametrize("name", ["x", "sdlx", "SDLX Lightning", "sdxl" * 100_000, "\x1b[2J"])
def test_what_is_not_known_is_an_error_that_lists_what_is(name: str) -> None:
    with pytest.raises(UnknownFamilyError) as raised:
        named_family(name)
    said = str(raised.value)
    assert all(family in said for family in KNOWN_FAMILIES)
    assert len(said) < 600
    assert "\x1b" not in said
