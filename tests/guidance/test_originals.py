"""Models in the original layout: each adapter against two evaluations of the same model.

The models here have one attention and give back what the image gets from it, so what guidance
must make is known: the method, applied to what the prompt alone and the negative alone give.
"""

from __future__ import annotations

import types
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from lib_lora_neg.guidance import (  # noqa: E402
    DEFAULTS,
    Method,
    NagSettings,
    OngFeature,
    OngSettings,
    originals,
)
from lib_lora_neg.guidance.methods import nag, ong  # noqa: E402
from lib_lora_neg.guidance.ownership import GuidanceError, exchanged  # noqa: E402

HEADS, WIDTH, IMAGE = 2, 16, 12


def host_module() -> types.ModuleType:
    """What the blocks of a host's models ask for."""
    module = types.ModuleType("host_dit.nn")

    def attention_function(q, k, v, heads, mask=None, skip_reshape=False, **_):
        assert mask is None
        if not skip_reshape:
            q, k, v = (x.unflatten(-1, (heads, -1)).transpose(1, 2) for x in (q, k, v))
        out = torch.nn.functional.scaled_dot_product_attention(q, k, v)
        return out.transpose(1, 2).flatten(2)

    attention_function.__module__ = "host_dit.attention"
    module.attention_function = attention_function
    module.apply_rotary_emb = lambda x, freqs: x * freqs
    return module


class Attention(torch.nn.Module):
    """Self attention of a sequence; the host's function is looked up at each call."""

    def __init__(self, module: types.ModuleType, skip_reshape: bool) -> None:
        super().__init__()
        self.host, self.skip = module, skip_reshape
        self.qkv = torch.nn.Linear(WIDTH, 3 * WIDTH)

    def forward(self, x, freqs=None):
        q, k, v = self.qkv(x).chunk(3, dim=-1)
        if freqs is not None:
            q, k = self.host.apply_rotary_emb(q, freqs), self.host.apply_rotary_emb(k, freqs)
        if self.skip:
            q, k, v = (x.unflatten(-1, (HEADS, -1)).transpose(1, 2) for x in (q, k, v))
        return self.host.attention_function(q, k, v, HEADS, None, skip_reshape=self.skip)


class Qwen(torch.nn.Module):
    def __init__(self, module: types.ModuleType) -> None:
        super().__init__()
        self.txt_norm, self.txt_in = torch.nn.Identity(), torch.nn.Linear(WIDTH, WIDTH)
        self.transformer_blocks = torch.nn.ModuleList([Attention(module, False)])

    def forward(self, x, context):
        text = self.txt_in(self.txt_norm(context))
        places = torch.cat([torch.arange(text.shape[1]) * 0.1 + 1, torch.full((IMAGE,), 0.7)])
        both = torch.cat([text, x], dim=1)
        return self.transformer_blocks[0](both, places.view(1, -1, 1))[:, text.shape[1] :]


class ZImage(torch.nn.Module):
    def __init__(self, module: types.ModuleType) -> None:
        super().__init__()
        self.pad_tokens_multiple = 8
        self.cap_pad_token = torch.nn.Parameter(torch.randn(1, WIDTH))
        self.context_refiner = torch.nn.ModuleList([Refiner(module)])
        self.noise_refiner = torch.nn.ModuleList([Refiner(module)])
        self.layers = torch.nn.ModuleList([Attention(module, True)])

    def rope_embedder(self, places):
        return (1 + 0.1 * places[..., :1]).unsqueeze(1)

    def patchify_and_embed(self, x, texts, mask, t, tokens, transformer_options=None):
        missing = -texts.shape[1] % self.pad_tokens_multiple
        filler = self.cap_pad_token.expand(texts.shape[0], missing, -1)
        texts = torch.cat([texts, filler], dim=1)
        length = texts.shape[1]
        places = torch.zeros(texts.shape[0], length + IMAGE, 3)
        places[:, :length, 0] = torch.arange(1, length + 1)
        places[:, length:, 0] = length + 1
        freqs = self.rope_embedder(places).movedim(1, 2)
        texts = self.context_refiner[0](texts, mask, freqs[:, :length])
        x = self.noise_refiner[0](x, None, freqs[:, length:])
        return torch.cat([texts, x], dim=1), None, [], [length] * len(x), freqs

    def forward(self, x, context, mask=None):
        both, _, _, lengths, freqs = self.patchify_and_embed(x, context, mask, None, None)
        return self.layers[0](both, freqs.squeeze(2))[:, lengths[0] :]


class Refiner(torch.nn.Module):
    def __init__(self, module: types.ModuleType) -> None:
        super().__init__()
        self.attention = Attention(module, True)

    def forward(self, x, mask, freqs, transformer_options=None):
        return x + self.attention(x, freqs.squeeze(2))


class Fusion(torch.nn.Module):
    def __init__(self, module: types.ModuleType) -> None:
        super().__init__()
        self.attention = Attention(module, True)

    def forward(self, x, mask=None, transformer_options=None):
        return x + self.attention(x)


class Krea(torch.nn.Module):
    def __init__(self, module: types.ModuleType) -> None:
        super().__init__()
        self.txtfusion, self.txtmlp = Fusion(module), torch.nn.Linear(WIDTH, WIDTH)
        self.blocks = torch.nn.ModuleList([Attention(module, True)])

    def forward(self, x, context):
        text = self.txtmlp(self.txtfusion(context, mask=None))
        return self.blocks[0](torch.cat([text, x], dim=1))[:, text.shape[1] :]


class CrossAttention(torch.nn.Module):
    is_SelfAttn = False  # noqa: N815

    def __init__(self) -> None:
        super().__init__()
        self.n_heads = HEADS
        self.q_proj, self.k_proj, self.v_proj = (
            torch.nn.Linear(WIDTH, WIDTH, bias=False) for _ in range(3)
        )
        self.q_norm, self.k_norm = torch.nn.RMSNorm(8), torch.nn.RMSNorm(8)
        self.v_norm, self.output_proj = torch.nn.Identity(), torch.nn.Identity()

    def forward(self, x, context=None, rope_emb=None, transformer_options=None):
        q, k, v = self.q_proj(x), self.k_proj(context), self.v_proj(context)
        q, k, v = (y.unflatten(-1, (HEADS, -1)) for y in (q, k, v))
        q, k = self.q_norm(q), self.k_norm(k)
        out = torch.nn.functional.scaled_dot_product_attention(
            *(y.transpose(1, 2) for y in (q, k, v))
        )
        return self.output_proj(out.transpose(1, 2).flatten(2))


class Anima(torch.nn.Module):
    def __init__(self, module: types.ModuleType) -> None:
        super().__init__()
        self.block = torch.nn.Module()
        self.block.cross_attn = CrossAttention()

    def forward(self, x, context):
        return self.block.cross_attn(x, context, rope_emb=None)


KINDS = {"qwen": Qwen, "zimage": ZImage, "krea": Krea, "anima": Anima}
kinds = pytest.mark.parametrize("kind", KINDS)


class Case:
    """A model, a picture and texts; two of them differ in length but are padded alike."""

    def __init__(self, kind: str) -> None:
        torch.manual_seed(3)
        self.kind, self.module = kind, host_module()
        self.model = KINDS[kind](self.module).double().eval()
        self.x = torch.randn(2, IMAGE, WIDTH, dtype=torch.double)
        self.prompt = torch.randn(2, 7, WIDTH, dtype=torch.double)
        self.negative = torch.randn(2, 5, WIDTH, dtype=torch.double)

    def plain(self, text: Any) -> Any:
        with torch.no_grad():
            return self.model(self.x, text)

    def guided(self, negatives: tuple[Any, ...], settings: Any, rows: Any = None) -> Any:
        with (
            torch.no_grad(),
            originals.guided(
                self.kind, self.model, self.module, self.prompt, negatives, settings, rows
            ) as texts,
        ):
            return self.model(self.x, texts)


def heads(x: Any) -> Any:
    return x.unflatten(-1, (HEADS, -1)).transpose(1, 2)


def joined(x: Any) -> Any:
    return x.transpose(1, 2).flatten(2)


def near(found: Any, truth: Any) -> bool:
    return float((found - truth).norm() / truth.norm()) < 1e-6


@kinds
def test_the_kind_is_told_from_the_model(kind: str) -> None:
    case = Case(kind)
    assert originals.kind_of(case.model, case.module) == (kind, "")
    assert set(DEFAULTS[kind]) == set(Method)


@kinds
def test_it_is_the_method_applied_to_prompt_and_negative_alone(kind: str) -> None:
    case = Case(kind)
    plus, minus = heads(case.plain(case.prompt)), heads(case.plain(case.negative))
    settings = NagSettings()
    assert near(case.guided((case.negative,), settings), joined(nag(plus, [minus], settings)))
    whole = OngSettings(feature=OngFeature.WHOLE)
    assert near(case.guided((case.negative,), whole), joined(ong(plus, plus, [minus], whole)))


@kinds
def test_several_concepts_do_not_see_each_other(kind: str) -> None:
    case = Case(kind)
    other = torch.randn(2, 3, WIDTH, dtype=torch.double)
    alone = [heads(case.plain(text)) for text in (case.prompt, case.negative, other)]
    settings = NagSettings()
    found = case.guided((case.negative, other), settings)
    assert near(found, joined(nag(alone[0], alone[1:], settings)))


@kinds
def test_no_strength_the_prompt_as_negative_and_rows_left_out_change_nothing(kind: str) -> None:
    case = Case(kind)
    plain = case.plain(case.prompt)
    assert near(case.guided((case.negative,), NagSettings(phi=0.0)), plain)
    assert near(case.guided((case.prompt,), NagSettings()), plain)
    found = case.guided((case.negative,), NagSettings(), torch.tensor([True, False]))
    assert near(found[1], plain[1])
    assert not near(found[0], plain[0])


@kinds
def test_nothing_stays_after_the_call_nor_after_an_error(kind: str) -> None:
    case = Case(kind)
    plain = case.plain(case.prompt)
    case.guided((case.negative,), NagSettings())
    assert torch.equal(case.plain(case.prompt), plain)

    def failing() -> None:
        with originals.guided(
            kind, case.model, case.module, case.prompt, (case.negative,), NagSettings()
        ):
            raise RuntimeError("out of memory")

    with pytest.raises(RuntimeError):
        failing()
    assert torch.equal(case.plain(case.prompt), plain)
    assert not any("forward" in vars(part) for part in case.model.modules())
    assert "patchify_and_embed" not in vars(case.model)


def test_a_text_whose_tokens_stand_in_two_dimensions() -> None:
    case = Case("anima")
    plain = case.guided((case.negative,), NagSettings())
    case.prompt, negative = case.prompt[:, None], case.negative[:, None]
    assert near(case.guided((negative,), NagSettings()), plain)


def test_what_another_tool_has_replaced_is_told_before() -> None:
    for kind in ("qwen", "zimage", "krea"):
        case = Case(kind)
        case.module.attention_function = lambda *_, **__: None
        assert "another tool" in originals.kind_of(case.model, case.module)[1]
    case = Case("krea")
    case.model.txtfusion.forward = lambda x, **_: x
    assert "another tool" in originals.kind_of(case.model, case.module)[1]
    case = Case("anima")
    case.model.block.cross_attn.forward = lambda x, context, **_: x
    assert "another tool" in originals.kind_of(case.model, case.module)[1]


@kinds
def test_a_block_or_attention_of_another_tool_is_told_and_a_single_layer_is_not(kind: str) -> None:
    case = Case(kind)
    parts = [part for part in case.model.modules() if part is not case.model]
    blocks = [part for part in parts if any(part.children())]
    layer = next(part for part in parts if isinstance(part, torch.nn.Linear))
    layer.forward = layer.forward
    assert originals.kind_of(case.model, case.module) == (kind, "")
    assert blocks
    for block in blocks:
        block.forward = block.forward
        found, problem = originals.kind_of(case.model, case.module)
        assert (found, "another tool" in problem) == ("", True)
        del block.forward
    assert originals.kind_of(case.model, case.module) == (kind, "")


def test_a_model_without_an_adapter_is_named() -> None:
    kind, problem = originals.kind_of(torch.nn.Linear(2, 2), host_module())
    assert kind == ""
    assert "Linear" in problem


def test_a_mask_of_the_text_is_refused() -> None:
    case = Case("zimage")

    def masked() -> None:
        with originals.guided(
            "zimage", case.model, case.module, case.prompt, (case.negative,), NagSettings()
        ) as texts:
            case.model(case.x, texts, mask=torch.ones(2, 12))

    with pytest.raises(GuidanceError):
        masked()


def test_an_attribute_is_given_back_and_what_others_put_there_stays() -> None:
    module = types.ModuleType("host_dit.nn")
    module.name = "before"
    with exchanged(module, "name", "meanwhile"):
        assert module.name == "meanwhile"
    assert module.name == "before"
    with exchanged(module, "name", "meanwhile"):
        module.name = "another's"
    assert module.name == "another's"
