"""The adapters for models in their original layout, as the WebUIs have them."""

from __future__ import annotations

import types

import pytest

torch = pytest.importorskip("torch")

from lib_lora_neg.guidance import (  # noqa: E402  # noqa: E402
    NagSettings,
    OngSettings,
    VsfSettings,
    cross_original,
    flux_original,
)
from lib_lora_neg.guidance.cross import CrossCall  # noqa: E402
from lib_lora_neg.guidance.joint import TokenLayout  # noqa: E402
from lib_lora_neg.guidance.ownership import GuidanceError  # noqa: E402

from . import naive  # noqa: E402


def host_module():
    """A module with the two functions that Forge's and Neo's Flux blocks use."""
    module = types.ModuleType("host_flux")

    def apply_rope(q, k, pe):
        return q * pe, k * pe

    def attention(q, k, v, pe, mask=None, transformer_options=None):
        if pe is not None:
            q, k = apply_rope(q, k, pe)
        out = torch.nn.functional.scaled_dot_product_attention(q, k, v)
        return out.transpose(1, 2).flatten(2)

    attention.__module__ = "host_flux"
    module.attention, module.apply_rope = attention, apply_rope
    return module


def tokens(length=30):
    generator = torch.Generator().manual_seed(2)
    return [torch.randn(2, 3, length, 8, generator=generator) for _ in range(3)]


@pytest.mark.parametrize("settings", [NagSettings(), VsfSettings(), OngSettings()], ids=repr)
def test_exchanged_attention_is_the_guided_one_after_the_embedding(settings) -> None:
    module = host_module()
    before = module.attention
    layout = TokenLayout(7, (5,))
    q, k, v = tokens()
    pe = torch.linspace(0.5, 1.5, 30).view(1, 1, 30, 1)
    with flux_original.guided(module, flux_original.JointCall(layout, settings)):
        found = module.attention(q, k, v, pe=pe)
    truth = naive.joint((q * pe).double(), (k * pe).double(), v.double(), layout, settings)
    truth = truth.transpose(1, 2).flatten(2)
    assert float((found - truth).norm() / truth.norm()) < 1e-5
    assert module.attention is before


@pytest.mark.parametrize("negatives", [(5,), (11,), (4, 6)], ids=repr)
def test_texts_that_are_counted_begin_at_zero_each(negatives) -> None:
    module = host_module()
    settings, layout = NagSettings(), TokenLayout(7, negatives)
    length = layout.texts + 13
    q, k, v = tokens(length)
    # As the host numbers them: all texts are one to it.
    given = torch.cat([torch.arange(layout.texts) * 0.1 + 1, torch.full((13,), 0.7)])
    alone = [torch.arange(size) * 0.1 + 1 for size in (7, *negatives)]
    wanted = torch.cat([*alone, torch.full((13,), 0.7)]).view(1, 1, length, 1)
    call = flux_original.JointCall(layout, settings, counted=True)
    with flux_original.guided(module, call):
        found = module.attention(q, k, v, pe=given.view(1, 1, length, 1))
    truth = naive.joint((q * wanted).double(), (k * wanted).double(), v.double(), layout, settings)
    truth = truth.transpose(1, 2).flatten(2)
    assert float((found - truth).norm() / truth.norm()) < 1e-5


def test_a_mask_is_refused_and_an_error_gives_back() -> None:
    module = host_module()
    before = module.attention
    call = flux_original.JointCall(TokenLayout(7, (5,)), NagSettings())
    q, k, v = tokens()

    def masked() -> None:
        with flux_original.guided(module, call):
            module.attention(q, k, v, pe=None, mask=torch.ones(30, 30))

    with pytest.raises(GuidanceError):
        masked()
    assert module.attention is before


def test_what_another_tool_puts_there_meanwhile_stays() -> None:
    module = host_module()
    other = lambda *_, **__: None  # noqa: E731
    with flux_original.guided(module, flux_original.JointCall(TokenLayout(7, (5,)), NagSettings())):
        module.attention = other
    assert module.attention is other


class Flux:
    double_blocks = single_blocks = ()


def test_models_that_cannot_be_guided_are_told_apart() -> None:
    module = host_module()
    assert flux_original.problem(Flux(), module) == ""
    assert "no adapter" in flux_original.problem(object(), module)
    klein = Flux()
    klein.txt_ids_dims = [3]
    assert flux_original.problem(klein, module) == ""
    assert flux_original.counts_text(klein)
    assert not flux_original.counts_text(Flux())
    module.attention = naive.attention
    assert "another tool" in flux_original.problem(Flux(), module)


class CrossAttention(torch.nn.Module):
    """As the hosts have it."""

    def __init__(self) -> None:
        super().__init__()
        self.heads = 2
        self.to_q = torch.nn.Linear(16, 16, bias=False)
        self.to_k, self.to_v = (torch.nn.Linear(12, 16, bias=False) for _ in range(2))
        self.to_out = torch.nn.Sequential(torch.nn.Linear(16, 16), torch.nn.Dropout(0))

    def forward(self, x, context=None, value=None, mask=None, transformer_options=None):
        raise AssertionError("the layer's own forward was called")


class Unet(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.block = torch.nn.Module()
        self.block.attn1, self.block.attn2 = CrossAttention(), CrossAttention()


def test_cross_attention_has_its_own_value_and_the_negatives_from_the_layer() -> None:
    torch.manual_seed(1)
    unet = Unet()
    layer = unet.block.attn2
    x = torch.randn(2, 9, 16)
    prompt, value, negative = (torch.randn(2, 4, 12) for _ in range(3))

    def heads(t):
        return t.unflatten(-1, (2, -1)).transpose(1, 2).double()

    q, k, own = heads(layer.to_q(x)), heads(layer.to_k(prompt)), heads(layer.to_v(value))
    kn, vn = heads(layer.to_k(negative)), heads(layer.to_v(negative))
    plus, minus = naive.attention(q, k, own), naive.attention(q, kn, vn)
    truth = naive._nag(plus, [minus], NagSettings()).transpose(1, 2).flatten(2).float()
    with torch.no_grad(), cross_original.guided(unet, CrossCall((negative,), NagSettings())):
        found = layer(x, context=prompt, value=value, transformer_options={})
    assert torch.allclose(found, layer.to_out(truth), atol=1e-5)
    assert "forward" not in vars(layer)
    assert cross_original.layers_of(unet) == [layer]
