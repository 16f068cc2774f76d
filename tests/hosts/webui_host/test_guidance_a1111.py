"""Negative guidance on a host whose models take no wrapper: which rows of which call are guided."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from lib_lora_neg.guidance import Guidance, Method  # noqa: E402
from lib_lora_neg.guidance.cross import CrossCall  # noqa: E402
from lib_lora_neg.guidance.cross_original import guided  # noqa: E402
from lib_lora_neg.hosts.webui import guidance, guidance_a1111  # noqa: E402
from tests.hosts.standins import install  # noqa: E402

WIDTH, TOKENS = 16, 5
NAG = Guidance(Method.NAG)


class CrossAttention(torch.nn.Module):
    """As in the original layout of SD 1."""

    def __init__(self) -> None:
        super().__init__()
        self.heads = 2
        for name in ("to_q", "to_k", "to_v"):
            setattr(self, name, torch.nn.Linear(WIDTH, WIDTH, bias=False))
        self.to_out = torch.nn.Sequential(torch.nn.Linear(WIDTH, WIDTH), torch.nn.Dropout(0.0))

    def forward(self, x: Any, context: Any = None, mask: Any = None) -> Any:
        q, k, v = (
            layer(tensor).unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for layer, tensor in ((self.to_q, x), (self.to_k, context), (self.to_v, context))
        )
        out = torch.nn.functional.scaled_dot_product_attention(q, k, v)
        return self.to_out(out.transpose(1, 2).flatten(2))


class Unet(torch.nn.Module):
    """One cross attention; called as the host calls its U-Net."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(1)
        self.input_blocks = torch.nn.ModuleList()
        self.block = torch.nn.Module()
        self.block.attn2 = CrossAttention()
        self.mask: Any = None

    def forward(self, x: Any, timesteps: Any = None, context: Any = None) -> Any:
        return x + self.block.attn2(x, context=context, mask=self.mask)


class Callbacks(ModuleType):
    """The host's callbacks."""

    def __init__(self) -> None:
        super().__init__("modules.script_callbacks")
        self.known: list[Callable[[Any], None]] = []

    def on_cfg_denoiser(self, function: Callable[[Any], None]) -> None:
        self.known.append(function)

    def remove_callbacks_for_function(self, function: Callable[[Any], None]) -> None:
        self.known = [known for known in self.known if known != function]


class Pass:
    """One pass of a generation: a U-Net, the texts, and how the host evaluates a step."""

    def __init__(self, callbacks: Callbacks, pictures: int = 2, parts: Sequence[int] = ()) -> None:
        generator = torch.Generator().manual_seed(2)

        def some(*shape: int) -> Any:
            return torch.randn(*shape, generator=generator)

        self.callbacks, self.unet = callbacks, Unet()
        self.parts = list(parts) or [1] * pictures
        rows = sum(self.parts)
        self.prompts, self.uncond = some(rows, TOKENS, WIDTH), some(pictures, TOKENS, WIDTH)
        self.negatives = some(pictures, TOKENS + 2, WIDTH)
        self.x = some(rows + pictures, 7, WIDTH)
        self.problems: list[str] = []
        batch = [[None] * count for count in self.parts]
        self.p = SimpleNamespace(
            sd_model=SimpleNamespace(model=SimpleNamespace(diffusion_model=self.unet)),
            prompts=[""] * pictures,
            c=SimpleNamespace(batch=batch),
        )

    def watch(self, wanted: Guidance = NAG, acts: Callable[[], bool] = lambda: True) -> None:
        def texts(pictures: int) -> list[Any]:
            assert pictures == len(self.p.prompts)
            return [self.negatives]

        guidance_a1111.watch(self.p, wanted, texts, acts, self.problems.append)

    def step(self, at_once: int = 0, uncond: bool = True) -> Any:
        """Evaluate a step, ``at_once`` rows in each call, as the host does."""
        params = SimpleNamespace(x=self.x, text_cond=self.prompts)
        for callback in self.callbacks.known:
            callback(params)
        texts = torch.cat([self.prompts, self.uncond])
        count = len(texts) if uncond else len(self.prompts)
        each = at_once or count
        with torch.no_grad():
            return torch.cat(
                [
                    self.unet(
                        self.x[a : a + each][: count - a], None, texts[a : a + each][: count - a]
                    )
                    for a in range(0, count, each)
                ]
            )

    def expected(self) -> Any:
        """Return the step, the rows of prompts guided by their own picture's negative."""
        rows = [picture for picture, count in enumerate(self.parts) for _ in range(count)]
        call = CrossCall((self.negatives[rows],), NAG.settings_for("unet"))
        with torch.no_grad(), guided(self.unet, call):
            return self.unet(self.x[: len(rows)], None, self.prompts)


@pytest.fixture
def callbacks(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callbacks]:
    install(monkeypatch)
    import modules

    made = Callbacks()
    monkeypatch.setattr(modules, "script_callbacks", made, raising=False)
    monkeypatch.setitem(sys.modules, "modules.script_callbacks", made)
    yield made
    guidance_a1111.leave()


def same(one: Any, other: Any) -> bool:
    return bool(torch.allclose(one, other, atol=1e-6))


@pytest.mark.parametrize("parts", [(1, 1), (1, 1, 1), (2, 1), (1, 3)])
@pytest.mark.parametrize("at_once", [0, 1, 2])
def test_rows_of_prompts_are_guided_by_their_picture_s_negative(
    callbacks: Callbacks, parts: tuple[int, ...], at_once: int
) -> None:
    made = Pass(callbacks, len(parts), parts)
    plain = made.step(at_once)
    expected = made.expected()
    made.watch()
    for _ in range(2):
        found = made.step(at_once)
        assert same(found[: sum(parts)], expected)
        assert not same(found[: sum(parts)], plain[: sum(parts)])
        assert same(found[sum(parts) :], plain[sum(parts) :])
    guidance_a1111.leave()
    assert torch.equal(made.step(at_once), plain)
    assert callbacks.known == []
    assert "forward" not in vars(made.unet.block.attn2)


def test_a_step_without_its_negative_evaluation(callbacks: Callbacks) -> None:
    made = Pass(callbacks)
    expected = made.expected()
    made.watch()
    assert same(made.step(uncond=False), expected)
    assert same(made.step()[:2], expected)


def test_calls_that_are_none_of_a_step_s_are_left_alone(callbacks: Callbacks) -> None:
    made = Pass(callbacks)
    plain = made.step()
    made.watch()
    with torch.no_grad():
        found = made.unet(made.x[:2], None, made.prompts)
    assert torch.equal(found, plain[:2])


def test_steps_that_are_not_guided(callbacks: Callbacks) -> None:
    made = Pass(callbacks)
    plain = made.step()
    made.watch(acts=lambda: False)
    assert torch.equal(made.step(), plain)


def test_a_mask_or_a_foreign_forward_is_said_once_and_the_picture_goes_on(
    callbacks: Callbacks,
) -> None:
    made = Pass(callbacks)
    plain = made.step()
    made.watch()
    made.unet.mask = "a mask"
    assert torch.equal(made.step(), plain)
    assert torch.equal(made.step(), plain)
    assert len(made.problems) == 1
    assert "mask" in made.problems[0]

    layer = made.unet.block.attn2
    made.unet.mask = None
    layer.forward = layer.forward
    made.watch()
    assert torch.equal(made.step(), plain)
    assert "another tool" in made.problems[1]


def test_guidance_that_fails_is_said_and_the_picture_goes_on(callbacks: Callbacks) -> None:
    made = Pass(callbacks)
    plain = made.step()
    made.negatives = made.negatives[..., :3]  # of another width: fails in every layer
    made.watch()
    assert torch.equal(made.step(), plain)
    assert len(made.problems) == 1
    made.negatives = made.negatives[:1]  # too few: fails before the call
    made.watch()
    assert torch.equal(made.step(), plain)
    assert "IndexError" in made.problems[1]


def test_a_call_that_fails_leaves_nothing_behind(callbacks: Callbacks) -> None:
    made = Pass(callbacks)
    made.watch()
    good = made.step()
    with pytest.raises(RuntimeError):
        made.unet(made.x[:1, :, :3], None, made.prompts[:1])
    made.prompts, kept = made.prompts[..., :3], made.prompts
    with pytest.raises(RuntimeError):
        made.step()
    assert "forward" not in vars(made.unet.block.attn2)
    made.prompts = kept
    assert torch.equal(made.step(), good)


def test_which_models_have_a_way_in(callbacks: Callbacks, monkeypatch: pytest.MonkeyPatch) -> None:
    import modules

    sd_unet = ModuleType("modules.sd_unet")
    monkeypatch.setitem(sys.modules, "modules.sd_unet", sd_unet)
    monkeypatch.setattr(modules, "sd_unet", sd_unet, raising=False)
    model = Pass(callbacks).p.sd_model
    assert guidance._kind_of(model) == ("unet", "")
    sd_unet.current_unet = object()  # type: ignore[attr-defined]
    assert "TensorRT" in guidance._kind_of(model)[1]
    sd_unet.current_unet = None  # type: ignore[attr-defined]
    monkeypatch.setattr(modules.shared, "loaded_hypernetworks", ["a"], raising=False)
    assert "hypernetworks" in guidance._kind_of(model)[1]
    assert "no way in" in guidance._kind_of(SimpleNamespace())[1]
    other = SimpleNamespace(model=SimpleNamespace(diffusion_model=torch.nn.Linear(1, 1)))
    assert guidance._kind_of(other)[1]
