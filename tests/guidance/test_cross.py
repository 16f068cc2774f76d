"""The adapter of the U-Nets of SD 1 and SDXL in diffusers."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")
diffusers = pytest.importorskip("diffusers")

from lib_lora_neg.guidance import NagSettings, OngSettings, VsfSettings  # noqa: E402
from lib_lora_neg.guidance.cross import CrossCall, guided  # noqa: E402
from lib_lora_neg.guidance.ownership import GuidanceError  # noqa: E402

METHODS = [NagSettings(), VsfSettings(), OngSettings()]


@pytest.fixture(scope="module")
def unet():
    torch.manual_seed(3)
    return diffusers.UNet2DConditionModel(
        sample_size=8,
        block_out_channels=(16, 32),
        norm_num_groups=8,
        cross_attention_dim=24,
        attention_head_dim=4,
        layers_per_block=1,
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
    ).eval()


def told(batch=2):
    generator = torch.Generator().manual_seed(5)
    x = torch.randn(batch, 4, 8, 8, generator=generator)
    return x, [torch.randn(batch, tokens, 24, generator=generator) for tokens in (7, 5)]


def ask(unet, x, text):
    with torch.no_grad():
        return unet(x, 500, encoder_hidden_states=text, return_dict=False)[0]


@pytest.mark.parametrize("settings", METHODS, ids=repr)
def test_guidance_changes_the_prediction_and_is_gone_after(unet, settings) -> None:
    x, (prompt, negative) = told()
    plain = ask(unet, x, prompt)
    with guided(unet, CrossCall((negative,), settings)):
        on = ask(unet, x, prompt)
    assert not torch.allclose(on, plain, atol=1e-4)
    assert torch.equal(ask(unet, x, prompt), plain)


@pytest.mark.parametrize(
    ("settings", "same"),
    [(NagSettings(), True), (OngSettings(), True), (NagSettings(phi=0), False)],
    ids=repr,
)
def test_prompt_as_negative_or_no_strength_changes_nothing(unet, settings, same) -> None:
    x, (prompt, negative) = told()
    plain = ask(unet, x, prompt)
    with guided(unet, CrossCall((prompt if same else negative,), settings)):
        found = ask(unet, x, prompt)
    assert torch.allclose(found, plain, atol=1e-5)


def test_only_chosen_rows_are_guided(unet) -> None:
    x, (prompt, negative) = told()
    plain = ask(unet, x, prompt)
    rows = torch.tensor([True, False])
    with guided(unet, CrossCall((negative,), NagSettings(), rows)):
        found = ask(unet, x, prompt)
    assert torch.allclose(found[1], plain[1], atol=1e-5)
    assert not torch.allclose(found[0], plain[0], atol=1e-4)


def test_keys_of_the_negative_come_from_the_layers_as_they_are(unet) -> None:
    """A LoRA merged after the negative was encoded counts for it too."""
    x, (prompt, negative) = told()
    layer = next(m for n, m in unet.named_modules() if n.endswith("attn2"))
    with guided(unet, CrossCall((negative,), NagSettings())):
        before = ask(unet, x, prompt)
        with torch.no_grad():
            layer.to_k.weight += 0.5
        after = ask(unet, x, prompt)
    with torch.no_grad():
        layer.to_k.weight -= 0.5
    assert not torch.allclose(before, after, atol=1e-4)


def test_another_kind_of_attention_is_refused(unet) -> None:
    from diffusers.models.attention_processor import SlicedAttnProcessor

    before = dict(unet.attn_processors)
    unet.set_attn_processor(SlicedAttnProcessor(1))
    try:
        with pytest.raises(GuidanceError), guided(unet, CrossCall((), NagSettings())):
            raise AssertionError("guidance began")
    finally:
        unet.set_attn_processor(before)
