"""A layer with branches against the same layer merged twice, each branch run on its own."""

from __future__ import annotations

import copy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch")

from lib_lora_neg.branches import Branch, Strengths  # noqa: E402
from lib_lora_neg.branches.attachment import Attachment, attached  # noqa: E402
from lib_lora_neg.branches.deltas import BranchError, DenseDelta, LowRankDelta  # noqa: E402
from lib_lora_neg.branches.layers import LayerDelta  # noqa: E402

C, U = Branch.COND, Branch.UNCOND
EXACT = {"rtol": 1e-4, "atol": 1e-5}


def generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def normal(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=generator(seed))


def factors(module: torch.nn.Module, rank: int, seed: int, kind: str = "plain") -> LowRankDelta:
    weight = module.weight
    outputs, inputs, *kernel = weight.shape
    up = normal(outputs, rank, *[1] * len(kernel), seed=seed + 1)
    if kind == "tucker":
        down = normal(rank, inputs, 1, 1, seed=seed)
        return LowRankDelta(down, up, 0.5, normal(rank, rank, *kernel, seed=seed + 2))
    return LowRankDelta(normal(rank, inputs, *kernel, seed=seed), up, 0.5)


def merged(
    module: torch.nn.Module, deltas: list[tuple[LowRankDelta | DenseDelta, float]]
) -> torch.nn.Module:
    other = copy.deepcopy(module)
    with torch.no_grad():
        for delta, strength in deltas:
            other.weight += strength * delta.dense(other.weight)
    return other


def expected(
    module: torch.nn.Module,
    x: torch.Tensor,
    rows: list[Branch],
    parts: list[tuple[LowRankDelta | DenseDelta, Strengths]],
) -> torch.Tensor:
    by_branch = {
        branch: merged(module, [(delta, own.of(branch)) for delta, own in parts])
        for branch in Branch
    }
    with torch.no_grad():
        return torch.cat([by_branch[branch](x[i : i + 1]) for i, branch in enumerate(rows)])


LINEAR = torch.nn.Linear(12, 10)
CONVS = {
    "1x1": torch.nn.Conv2d(6, 8, 1),
    "3x3": torch.nn.Conv2d(6, 8, 3, padding=1),
    "down": torch.nn.Conv2d(6, 8, 3, stride=2, padding=1),
    "seamless": torch.nn.Conv2d(6, 8, 3, padding=1, padding_mode="circular"),
}

rows_of_a_batch = st.lists(st.sampled_from([C, U]), min_size=1, max_size=5)
strength = st.floats(-2, 2, width=16)


@settings(max_examples=60, deadline=None)
@given(
    rows=rows_of_a_batch,
    ranks=st.lists(st.integers(1, 9), min_size=1, max_size=3),
    pairs=st.lists(st.tuples(strength, strength), min_size=3, max_size=3),
    tokens=st.integers(1, 4),
)
def test_linear_is_two_merged_layers(
    rows: list[Branch], ranks: list[int], pairs: list[tuple[float, float]], tokens: int
) -> None:
    x = normal(len(rows), tokens, 12)
    own = [
        (factors(LINEAR, rank, 10 * index), Strengths(*pairs[index]))
        for index, rank in enumerate(ranks)
    ]
    with (
        torch.no_grad(),
        attached({LINEAR: [LayerDelta(*one) for one in own]}) as attachment,
        attachment.calling(rows),
    ):
        found = LINEAR(x)
    torch.testing.assert_close(found, expected(LINEAR, x, rows, own), **EXACT)


@pytest.mark.parametrize("kind", ["plain", "tucker", "whole"])
@pytest.mark.parametrize("name", CONVS)
def test_convolution_is_two_merged_layers(name: str, kind: str) -> None:
    module = CONVS[name]
    rows = [C, U, U]
    x = normal(3, 6, 8, 8)
    delta: LowRankDelta | DenseDelta = factors(module, 4, 3, kind)
    if kind == "whole":
        delta = DenseDelta(delta.dense(module.weight))
    own = [(delta, Strengths(0.7, -0.3)), (factors(module, 2, 9), Strengths(0.0, 1.5))]
    with (
        torch.no_grad(),
        attached({module: [LayerDelta(*one) for one in own]}) as attachment,
        attachment.calling(rows),
    ):
        found = module(x)
    torch.testing.assert_close(found, expected(module, x, rows, own), **EXACT)


def test_a_whole_change_on_a_linear_layer() -> None:
    x, rows = normal(2, 3, 12), [U, C]
    own = [(DenseDelta(normal(10, 12, seed=5)), Strengths(0.4, 0.0))]
    with (
        torch.no_grad(),
        attached({LINEAR: [LayerDelta(*one) for one in own]}) as attachment,
        attachment.calling(rows),
    ):
        found = LINEAR(x)
    torch.testing.assert_close(found, expected(LINEAR, x, rows, own), **EXACT)


def test_a_part_of_the_outputs() -> None:
    """Flux has q, k and v in one layer; LoRAs in diffusers' naming know them apart."""
    x = normal(2, 3, 12)
    delta = LowRankDelta(normal(4, 12), normal(3, 4), 1.0)
    with (
        attached({LINEAR: [LayerDelta(delta, Strengths(0.0, 1.0), (4, 7))]}) as own,
        torch.no_grad(),
    ):
        plain = LINEAR(x)
        with own.calling([C, U]):
            found = LINEAR(x)
    wanted = plain.clone()
    wanted[1, :, 4:7] += x[1] @ delta.dense(torch.empty(3, 12)).t()
    torch.testing.assert_close(found, wanted, **EXACT)


def test_rows_without_a_strength_are_untouched_to_the_bit() -> None:
    x = normal(4, 3, 12)
    with torch.no_grad():
        plain = LINEAR(x)
        with (
            attached({LINEAR: [LayerDelta(factors(LINEAR, 4, 1), Strengths(0.0, 0.8))]}) as own,
            own.calling([C, U, C, U]),
        ):
            found = LINEAR(x)
    assert torch.equal(found[[0, 2]], plain[[0, 2]])
    assert not torch.equal(found[1], plain[1])


def test_rows_that_a_tool_has_cut_into_tiles() -> None:
    """HyperTile makes several rows of each; the tiles of one picture stand together."""
    tiles = normal(6, 2, 12)
    own = [(factors(LINEAR, 4, 1), Strengths(0.5, -1.0))]
    with (
        torch.no_grad(),
        attached({LINEAR: [LayerDelta(*one) for one in own]}) as attachment,
        attachment.calling([C, U]),
    ):
        found = LINEAR(tiles)
    torch.testing.assert_close(found, expected(LINEAR, tiles, [C, C, C, U, U, U], own), **EXACT)


def test_half_precision_layers_get_half_precision_deltas() -> None:
    module = copy.deepcopy(LINEAR).to(torch.bfloat16)
    x = normal(2, 3, 12).to(torch.bfloat16)
    with (
        torch.no_grad(),
        attached({module: [LayerDelta(factors(LINEAR, 4, 1), Strengths(0.0, 0.3))]}) as own,
        own.calling([C, U]),
    ):
        found = module(x)
    assert found.dtype == torch.bfloat16
    wanted = expected(
        copy.deepcopy(module).float(),
        x.float(),
        [C, U],
        [(factors(LINEAR, 4, 1), Strengths(0, 0.3))],
    )
    torch.testing.assert_close(found.float(), wanted, rtol=0.05, atol=0.2)


def test_under_autocast_the_input_is_of_another_type() -> None:
    x = normal(2, 3, 12)
    with (
        torch.no_grad(),
        attached({LINEAR: [LayerDelta(factors(LINEAR, 4, 1), Strengths(0.0, 0.3))]}) as own,
        torch.autocast("cpu", torch.bfloat16),
        own.calling([C, U]),
    ):
        found = LINEAR(x)
    wanted = expected(LINEAR, x, [C, U], [(factors(LINEAR, 4, 1), Strengths(0, 0.3))])
    torch.testing.assert_close(found.float(), wanted, rtol=0.05, atol=0.2)


def wrong_parts() -> dict[
    str, tuple[torch.nn.Module, LowRankDelta | DenseDelta, tuple[int, int] | None]
]:
    conv = CONVS["3x3"]
    return {
        "inputs": (LINEAR, LowRankDelta(normal(4, 11), normal(10, 4), 1.0), None),
        "outputs": (LINEAR, LowRankDelta(normal(4, 12), normal(9, 4), 1.0), None),
        "rank": (LINEAR, LowRankDelta(normal(4, 12), normal(10, 5), 1.0), None),
        "whole": (LINEAR, DenseDelta(normal(10, 11)), None),
        "kernel": (conv, LowRankDelta(normal(4, 6, 1, 1), normal(8, 4, 1, 1), 1.0), None),
        "second factor": (conv, LowRankDelta(normal(4, 6, 1, 1), normal(8, 4, 3, 3), 1.0), None),
        "norm": (torch.nn.LayerNorm(12), DenseDelta(normal(12)), None),
        "place": (LINEAR, LowRankDelta(normal(4, 12), normal(3, 4), 1.0), (8, 11)),
        "groups": (torch.nn.Conv2d(6, 6, 1, groups=2), factors(CONVS["1x1"], 2, 0), None),
    }


@pytest.mark.parametrize("name", wrong_parts())
def test_what_does_not_fit_is_refused_and_nothing_taken_over(name: str) -> None:
    module, delta, outputs = wrong_parts()[name]
    fine = copy.deepcopy(LINEAR)
    with pytest.raises(BranchError):
        Attachment(
            {
                fine: [LayerDelta(factors(LINEAR, 2, 0), Strengths(0, 1))],
                module: [LayerDelta(delta, Strengths(0, 1), outputs)],
            }
        )
    assert not fine._forward_hooks
    assert not module._forward_hooks


def test_a_layer_that_gets_other_rows_than_the_batch_has_says_so() -> None:
    with (
        torch.no_grad(),
        attached({LINEAR: [LayerDelta(factors(LINEAR, 2, 0), Strengths(0, 1))]}) as own,
        own.calling([C, U]),
    ):
        found = LINEAR(normal(3, 2, 12))
    assert "3 rows" in own.failure
    with torch.no_grad():
        assert torch.equal(found, LINEAR(normal(3, 2, 12)))


class ForgeLinear(torch.nn.Module):
    """As Forge's own linear layer, which is none of PyTorch's."""

    def __init__(self, like: torch.nn.Linear) -> None:
        super().__init__()
        self.in_features, self.out_features = like.in_features, like.out_features
        self.weight, self.bias = like.weight, like.bias

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.linear(x, self.weight, self.bias)


@pytest.mark.parametrize("whole", [False, True])
def test_a_linear_layer_of_another_class(whole: bool) -> None:
    module, x = ForgeLinear(LINEAR), normal(2, 3, 12)
    delta: LowRankDelta | DenseDelta = factors(LINEAR, 4, 1)
    if whole:
        delta = DenseDelta(delta.dense(LINEAR.weight))
    own = [(delta, Strengths(0.0, -0.8))]
    with torch.no_grad(), attached({module: [LayerDelta(*own[0])]}) as taken, taken.calling([C, U]):
        found = module(x)
    torch.testing.assert_close(found, expected(LINEAR, x, [C, U], own), **EXACT)
