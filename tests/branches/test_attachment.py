"""Who owns a layer, and that every layer is given back whatever happens."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from lib_lora_neg.branches import Branch, Strengths  # noqa: E402
from lib_lora_neg.branches.attachment import Attachment, attached  # noqa: E402
from lib_lora_neg.branches.deltas import LowRankDelta  # noqa: E402
from lib_lora_neg.branches.layers import LayerDelta  # noqa: E402
from lib_lora_neg.branches.strengths import runs_of  # noqa: E402

C, U = Branch.COND, Branch.UNCOND


class Model(torch.nn.Module):
    """A model that is told its branches, as Forge tells its own."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = torch.nn.Linear(4, 4)
        self.fails = False

    def forward(self, x: torch.Tensor, transformer_options: dict[str, list[int]]) -> torch.Tensor:
        if self.fails:
            raise RuntimeError("out of memory")
        return self.inner(x)


@pytest.fixture
def model() -> Model:
    torch.manual_seed(0)
    return Model()


def part(uncond: float = 1.0) -> LayerDelta:
    own = torch.Generator().manual_seed(1)
    down, up = torch.randn(2, 4, generator=own), torch.randn(4, 2, generator=own)
    return LayerDelta(LowRankDelta(down, up, 1.0), Strengths(0.0, uncond))


def from_options(
    _: object, __: tuple[object, ...], kwargs: dict[str, dict[str, list[int]]]
) -> list[Branch]:
    return [U if one else C for one in kwargs["transformer_options"]["cond_or_uncond"]]


X = torch.ones(2, 4)
BOTH = {"cond_or_uncond": [1, 0]}


def test_the_model_itself_tells_the_rows(model: Model) -> None:
    with torch.no_grad():
        plain = model(X, transformer_options=BOTH)
        first = model(X[:1], transformer_options={"cond_or_uncond": [0]})
        with attached({model.inner: [part()]}) as own:
            own.watch(model, from_options)
            found = model(X, transformer_options=BOTH)
            alone = model(X[:1], transformer_options={"cond_or_uncond": [0]})
            outside = model.inner(X)
    assert not torch.equal(found[0], plain[0])
    assert torch.equal(found[1], plain[1])
    assert torch.equal(alone, first)
    assert torch.equal(outside, plain), "a call that is not the model's own has no branches"


@pytest.mark.parametrize("end", ["left", "raised", "detached twice"])
def test_afterwards_the_layers_are_as_they_were(model: Model, end: str) -> None:
    before = {name: value.clone() for name, value in model.state_dict().items()}
    own = Attachment({model.inner: [part()]})
    own.watch(model, from_options)
    if end == "raised":
        model.fails = True
        with pytest.raises(RuntimeError):
            model(X, transformer_options=BOTH)
        model.fails = False
        with torch.no_grad():
            inside = model.inner(X)
        own.detach()
        with torch.no_grad():
            assert torch.equal(inside, model.inner(X)), "the failed call's rows are forgotten"
    else:
        model(X, transformer_options=BOTH)
        own.detach()
    if end == "detached twice":
        own.detach()
    for module in (model, model.inner):
        assert not module._forward_hooks
        assert not module._forward_pre_hooks
        assert "forward" not in vars(module)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_two_attachments_add_up_and_leave_each_other_alone(model: Model) -> None:
    with torch.no_grad():
        plain = model.inner(X)
        with attached({model.inner: [part(0.5)]}) as first:
            second = Attachment({model.inner: [part(0.25)]})
            with first.calling([U, U]), second.calling([U, U]):
                both = model.inner(X)
            second.detach()
            with first.calling([U, U]):
                one = model.inner(X)
    torch.testing.assert_close(both - plain, 1.5 * (one - plain))


def test_a_hook_of_another_tool_stays(model: Model) -> None:
    seen = []
    model.inner.register_forward_hook(lambda *_: seen.append(1))
    with attached({model.inner: [part()]}):
        pass
    model.inner(X)
    assert seen == [1]


@pytest.mark.parametrize(
    ("rows", "runs"),
    [
        ([], []),
        ([C], [(C, 0, 1)]),
        ([C, C, U], [(C, 0, 2), (U, 2, 3)]),
        ([U, C, U, U], [(U, 0, 1), (C, 1, 2), (U, 2, 4)]),
    ],
)
def test_runs(rows: list[Branch], runs: list[tuple[Branch, int, int]]) -> None:
    assert [(run.branch, run.start, run.stop) for run in runs_of(rows)] == runs


@pytest.mark.parametrize(
    ("cond", "uncond", "cfg", "acts_as"),
    [
        (0.8, 0.8, 7.0, 0.8),
        (0.8, 0.0, 7.0, 5.6),
        (0.0, 0.5, 7.0, -3.0),
        (0.0, 1.0, 2.0, -1.0),
        (0.8, 0.3, 1.0, 0.8),
        (-0.3, 0.0, 4.0, -1.2),
    ],
)
def test_what_reaches_the_picture(cond: float, uncond: float, cfg: float, acts_as: float) -> None:
    assert Strengths(cond, uncond).reaching_picture(cfg) == pytest.approx(acts_as)
