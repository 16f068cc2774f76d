"""PyTorch's own attention with LoRAs beside its weights, against the same attention merged."""

from __future__ import annotations

import copy

import pytest

torch = pytest.importorskip("torch")

from lib_lora_neg.branches import Branch, Strengths  # noqa: E402
from lib_lora_neg.branches.attachment import Attachment  # noqa: E402
from lib_lora_neg.branches.deltas import BranchError, Delta, DenseDelta, LowRankDelta  # noqa: E402
from lib_lora_neg.branches.layers import LayerDelta  # noqa: E402

WIDTH = 8


def deltas() -> dict[str, Delta]:
    own = torch.Generator().manual_seed(1)
    low = [torch.randn(shape, generator=own) for shape in ((2, WIDTH), (WIDTH, 2)) * 3]
    return {
        "q": LowRankDelta(low[0], low[1], 0.5),
        "v": LowRankDelta(low[2], low[3], 1.0),
        "out": DenseDelta(low[5] @ low[4]),
    }


def merged(module: torch.nn.MultiheadAttention, strength: float) -> torch.nn.MultiheadAttention:
    other = copy.deepcopy(module)
    with torch.no_grad():
        for name, delta in deltas().items():
            if name == "out":
                other.out_proj.weight += strength * delta.dense(other.out_proj.weight)
            else:
                place = "qkv".index(name) * WIDTH
                into = other.in_proj_weight[place : place + WIDTH]
                into += strength * delta.dense(into)
    return other


@pytest.mark.parametrize("batch_first", [False, True])
def test_it_is_the_merged_attention(batch_first: bool) -> None:
    torch.manual_seed(0)
    module = torch.nn.MultiheadAttention(WIDTH, 2, batch_first=batch_first).eval()
    x = torch.randn(3, 5, WIDTH)
    mask = torch.full((3, 3) if not batch_first else (5, 5), float("-inf")).triu_(1)
    parts = {name: [LayerDelta(delta, Strengths(0.0, -0.7))] for name, delta in deltas().items()}
    own = Attachment({}, {module: parts})
    with torch.no_grad():
        plain = module(x, x, x, need_weights=False, attn_mask=mask)[0]
        with own.encoding(Branch.UNCOND):
            found = module(x, x, x, need_weights=False, attn_mask=mask)[0]
        with own.encoding(Branch.COND):
            prompt = module(x, x, x, need_weights=False, attn_mask=mask)[0]
        own.detach()
        after = module(x, x, x, need_weights=False, attn_mask=mask)[0]
        wanted = merged(module, -0.7)(x, x, x, need_weights=False, attn_mask=mask)[0]
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-5)
    assert torch.equal(prompt, plain)
    assert torch.equal(after, plain)


def test_a_delta_of_another_shape_is_refused() -> None:
    module = torch.nn.MultiheadAttention(WIDTH, 2)
    wide = DenseDelta(torch.zeros(WIDTH, WIDTH + 1))
    with pytest.raises(BranchError):
        Attachment({}, {module: {"k": [LayerDelta(wide, Strengths(0.0, 1.0))]}})
    assert not module._forward_hooks
