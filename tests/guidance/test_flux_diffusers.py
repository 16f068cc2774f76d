"""The Flux adapter for diffusers: exact against plain blocks, and gone after each call."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")
diffusers = pytest.importorskip("diffusers")

from lib_lora_neg.guidance import NagSettings, OngSettings, VsfSettings  # noqa: E402
from lib_lora_neg.guidance.flux_diffusers import Call, guided, modulation_shifts  # noqa: E402
from lib_lora_neg.guidance.joint import TokenLayout  # noqa: E402
from lib_lora_neg.guidance.ownership import GuidanceError  # noqa: E402

from . import naive  # noqa: E402

WIDTH, TEXT, POOLED = 64, 24, 12
LAYOUT = TokenLayout(9, (5, 7))


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(3)
    built = diffusers.FluxTransformer2DModel(
        in_channels=16,
        num_layers=2,
        num_single_layers=3,
        attention_head_dim=16,
        num_attention_heads=4,
        joint_attention_dim=TEXT,
        pooled_projection_dim=POOLED,
        guidance_embeds=True,
        axes_dims_rope=(4, 6, 6),
    )
    return built.double().eval()


def inputs(texts: int, batch: int = 2, dtype=torch.float64):
    generator = torch.Generator().manual_seed(5)

    def rand(*shape):
        return torch.randn(shape, generator=generator, dtype=torch.float64).to(dtype)

    ids = torch.zeros(12, 3)
    ids[:, 1], ids[:, 2] = torch.arange(12) // 4, torch.arange(12) % 4
    return {
        "hidden_states": rand(batch, 12, 16),
        "encoder_hidden_states": rand(batch, texts, TEXT),
        "pooled_projections": rand(batch, POOLED),
        "timestep": torch.full((batch,), 0.7, dtype=dtype),
        "guidance": torch.full((batch,), 3.5, dtype=dtype),
        "img_ids": ids.to(dtype),
        "txt_ids": torch.zeros(texts, 3, dtype=dtype),
        "return_dict": False,
    }


def plain_model(model, told, layout, settings, pooled) -> torch.Tensor:
    """The whole model with one image and several texts, block by block."""
    image = model.x_embedder(told["hidden_states"])
    vectors = [
        model.time_text_embed(told["timestep"] * 1000, told["guidance"] * 1000, each)
        for each in pooled
    ]
    text = model.context_embedder(told["encoder_hidden_states"])
    texts = list(text.split([layout.positive, *layout.negatives], dim=1))
    rotary = model.pos_embed(torch.cat([told["txt_ids"], told["img_ids"]]))
    for block in model.transformer_blocks:
        image, texts = naive.double_block(block, image, texts, vectors, rotary, layout, settings)
    for block in model.single_transformer_blocks:
        image, texts = naive.single_block(block, image, texts, vectors, rotary, layout, settings)
    return model.proj_out(model.norm_out(image, vectors[0]))


def relative(found, truth) -> float:
    return float((found.double() - truth).norm() / truth.norm())


@pytest.mark.parametrize("own", [True, False], ids=["own vectors", "one vector"])
@pytest.mark.parametrize("settings", [NagSettings(), VsfSettings(), OngSettings()], ids=repr)
def test_model_equals_plain_blocks(model, settings, own) -> None:
    told = inputs(LAYOUT.texts)
    prompt = told["pooled_projections"]
    negatives = [prompt.flip(0) * 0.5, prompt * -1.0]
    with torch.no_grad():
        shifts = modulation_shifts(model, prompt, negatives) if own else ()
        with guided(model, Call(LAYOUT, settings, shifts)):
            found = model(**told)[0]
        pooled = [prompt, *negatives] if own else [prompt] * 3
        truth = plain_model(model, told, LAYOUT, settings, pooled)
        model.float()
        single = {
            name: value.float() if isinstance(value, torch.Tensor) else value
            for name, value in told.items()
        }
        shifts = modulation_shifts(model, prompt.float(), [n.float() for n in negatives])
        with guided(model, Call(LAYOUT, settings, shifts if own else ())):
            in_float = model(**single)[0]
        model.double()
    assert relative(found, truth) < 1e-6
    assert relative(in_float, truth) < 1e-4


def test_no_strength_is_the_model_without_guidance(model) -> None:
    told = inputs(LAYOUT.texts)
    alone = dict(told)
    alone["encoder_hidden_states"] = told["encoder_hidden_states"][:, : LAYOUT.positive]
    alone["txt_ids"] = told["txt_ids"][: LAYOUT.positive]
    with torch.no_grad():
        plain = model(**alone)[0]
        with guided(model, Call(LAYOUT, NagSettings(phi=0))):
            off = model(**told)[0]
        with guided(model, Call(LAYOUT, NagSettings())):
            on = model(**told)[0]
        after = model(**alone)[0]
    assert relative(off, plain) < 1e-6
    assert relative(on, plain) > 1e-4
    assert torch.equal(after, plain)


def test_without_single_blocks_the_negatives_end_before_them(model) -> None:
    told = inputs(LAYOUT.texts)
    with torch.no_grad():
        with guided(model, Call(LAYOUT, VsfSettings(), single_blocks=False)):
            found = model(**told)[0]
        image = model.x_embedder(told["hidden_states"])
        vector = model.time_text_embed(
            told["timestep"] * 1000, told["guidance"] * 1000, told["pooled_projections"]
        )
        texts = model.context_embedder(told["encoder_hidden_states"])
        texts = list(texts.split([LAYOUT.positive, *LAYOUT.negatives], dim=1))
        rotary = model.pos_embed(torch.cat([told["txt_ids"], told["img_ids"]]))
        for block in model.transformer_blocks:
            image, texts = naive.double_block(
                block, image, texts, [vector] * 3, rotary, LAYOUT, VsfSettings()
            )
        keep = [*range(LAYOUT.positive), *range(LAYOUT.texts, LAYOUT.texts + 12)]
        cut = (rotary[0][keep], rotary[1][keep])
        text = texts[0]
        for block in model.single_transformer_blocks:
            text, image = block(image, text, vector, cut)
        truth = model.proj_out(model.norm_out(image, vector))
    assert relative(found, truth) < 1e-6


def test_rows_without_guidance_are_as_without(model) -> None:
    told = inputs(LAYOUT.texts)
    alone = dict(told)
    alone["encoder_hidden_states"] = told["encoder_hidden_states"][:, : LAYOUT.positive]
    alone["txt_ids"] = told["txt_ids"][: LAYOUT.positive]
    with torch.no_grad():
        plain = model(**alone)[0]
        with guided(model, Call(LAYOUT, NagSettings(), rows=torch.tensor([False, True]))):
            found = model(**told)[0]
    assert relative(found[0], plain[0]) < 1e-6
    assert relative(found[1], plain[1]) > 1e-4


def test_everything_is_given_back_after_an_error(model) -> None:
    blocks = [*model.transformer_blocks, *model.single_transformer_blocks]

    def interrupted() -> None:
        with guided(model, Call(LAYOUT, NagSettings())):
            assert all("forward" in vars(block) for block in blocks)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert not any("forward" in vars(block) for block in blocks)


def test_blocks_of_another_tool_are_refused_and_left(model) -> None:
    block = model.single_transformer_blocks[0]
    foreign = block.forward
    block.forward = foreign
    try:
        with pytest.raises(GuidanceError), guided(model, Call(LAYOUT, NagSettings())):
            raise AssertionError("guidance began")
        assert vars(block)["forward"] is foreign
        assert "forward" not in vars(model.transformer_blocks[0])
    finally:
        del block.forward


def test_a_patch_made_meanwhile_stays(model) -> None:
    block = model.transformer_blocks[0]

    def later(*args, **kwargs):
        raise AssertionError

    with guided(model, Call(LAYOUT, NagSettings())):
        block.forward = later
    assert vars(block)["forward"] is later
    del block.forward
