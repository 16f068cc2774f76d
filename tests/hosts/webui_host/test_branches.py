"""The negative branch's own strengths in A1111, with the host's objects as they are."""

from __future__ import annotations

import sys
import types
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from lib_lora_neg.branches import Branch  # noqa: E402
from lib_lora_neg.branches.deltas import BranchError  # noqa: E402
from lib_lora_neg.hosts import branch_keys  # noqa: E402
from lib_lora_neg.hosts.webui import branch_layers  # noqa: E402
from lib_lora_neg.hosts.webui.branch_rows import RowOrder  # noqa: E402
from lib_lora_neg.hosts.webui.branches import Branches, kept_to_blocks  # noqa: E402
from lib_lora_neg.scan.ports import LoraSetting  # noqa: E402
from tests.hosts.branch_standins import (  # noqa: E402
    C,
    Encoder,
    Inner,
    Said,
    Text,
    U,
    change,
    processing,
    tensors,
)
from tests.hosts.standins import Params, Processing  # noqa: E402


def network_module(layer: Any, key: str, seed: int, **changes: Any) -> Any:
    """As A1111's NetworkModuleLora."""
    down, up = tensors(seed)
    values = {
        "sd_key": key,
        "sd_module": layer,
        "down_model": types.SimpleNamespace(weight=down),
        "up_model": types.SimpleNamespace(weight=up),
        "mid_model": None,
        "dora_scale": None,
        "bias": None,
        "network": types.SimpleNamespace(dyn_dim=None),
        "calc_scale": lambda: 0.5,
        **changes,
    }
    return types.SimpleNamespace(**values)


class A1111Model:
    """As A1111's checkpoint: a denoiser in a wrapper, text encoders, one way to encode."""

    def __init__(self) -> None:
        torch.manual_seed(0)
        self.model = types.SimpleNamespace(diffusion_model=Inner())
        self.encoder = Encoder()

    def get_learned_conditioning(self, texts: list[str]) -> Any:
        return self.encoder.fc(torch.ones(len(texts), 4))


@pytest.fixture
def callbacks(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    noted: list[Any] = []
    module = types.SimpleNamespace(
        on_cfg_denoiser=noted.append,
        remove_callbacks_for_function=lambda one: noted.remove(one) if one in noted else None,
    )
    modules = types.ModuleType("modules")
    modules.script_callbacks = module  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "modules", modules)
    return noted


@pytest.fixture
def a1111(monkeypatch: pytest.MonkeyPatch, callbacks: list[Any]) -> A1111Model:
    model = A1111Model()
    net = types.SimpleNamespace(
        name="style",
        mentioned_name="style",
        modules={
            "unet": network_module(model.model.diffusion_model.proj, "diffusion_model_proj", 1),
            "te": network_module(model.encoder.fc, "transformer_text_model_fc", 2),
        },
    )
    networks = types.SimpleNamespace(loaded_networks=[net])
    monkeypatch.setitem(sys.modules, "networks", networks)
    return model


def step(callbacks: list[Any], cond: Any, uncond: int) -> None:
    rows = (cond["crossattn"] if isinstance(cond, dict) else cond).shape[0] + uncond
    for note in callbacks:
        note(types.SimpleNamespace(text_cond=cond, x=torch.zeros(rows, 4)))


@torch.no_grad()
def test_a1111_adds_to_the_negative_rows_alone(a1111: A1111Model, callbacks: list[Any]) -> None:
    branches, said = Branches(Said()), Said()
    branches = Branches(said)
    inner = a1111.model.diffusion_model
    x = torch.randn(3, 4)
    plain = inner(x)
    p = processing(a1111)
    branches.begin(p)
    branches.loaded(p, [Params(["style", "0.8", "neg=0.3"])])
    branches.before_sampling(p)

    step(callbacks, {"crossattn": torch.zeros(2, 7, 4)}, 1)
    found = inner(x)
    assert torch.equal(found[:2], plain[:2])
    torch.testing.assert_close(found[2], plain[2] + x[2] @ (-0.5 * change(1)).T)

    step(callbacks, torch.zeros(2, 7, 4), 1)
    apart = torch.cat([inner(x[:2]), inner(x[2:])])
    torch.testing.assert_close(apart, found)

    step(callbacks, torch.zeros(2, 7, 4), 1)
    inner(x[:2])  # the host leaves the negative evaluation out in this step
    step(callbacks, torch.zeros(2, 7, 4), 1)
    torch.testing.assert_close(inner(x), found)
    torch.testing.assert_close(inner(x), plain, msg="a call that is none of the step's")

    assert "style 0.8, negative branch 0.3" in p.extra_generation_params[branch_keys.KEY]
    branches.end(p)
    assert torch.equal(inner(x), plain)
    assert callbacks == []
    assert said == []
    assert not inner._forward_pre_hooks


@torch.no_grad()
def test_a1111_encodes_the_negative_prompt_with_its_own_strength(a1111: A1111Model) -> None:
    branches = Branches(Said())
    plain = a1111.get_learned_conditioning(Text(["dull"], True))
    p = processing(a1111)
    branches.loaded(p, [Params(["style", "0.8", "neg=0.3", "negte=-0.2"])])
    negative = a1111.get_learned_conditioning(Text(["dull"], True))
    torch.testing.assert_close(negative - plain, (torch.ones(4) @ (-1.0 * change(2)).T)[None])
    assert torch.equal(a1111.get_learned_conditioning(Text(["a cat"], False)), plain)
    branches.loaded(p, [])
    assert torch.equal(a1111.get_learned_conditioning(Text(["dull"], True)), plain)
    assert "get_learned_conditioning" not in vars(a1111)


def test_a_replaced_encoding_of_another_tool_stays(a1111: A1111Model) -> None:
    def theirs(texts: Any) -> str:
        return "theirs"

    a1111.get_learned_conditioning = theirs  # type: ignore[method-assign]
    branches = Branches(Said())
    branches.loaded(processing(a1111), [Params(["style", "0.8", "neg=0"])])
    assert a1111.get_learned_conditioning(Text(["dull"], True)) == "theirs"
    branches.detach()
    assert a1111.get_learned_conditioning is theirs


@pytest.mark.parametrize(
    ("items", "cfg"),
    [
        (["style", "0.8"], 5.0),
        (["style", "0.8", "neg=0.8"], 5.0),
        (["style", "0.8", "neg=0"], 1.0),
        (["style", "abc", "neg=0"], 5.0),
        (["style", "0.8", "neg=abc"], 5.0),
    ],
)
def test_nothing_is_taken_over_without_need(
    a1111: A1111Model, callbacks: list[Any], items: list[str], cfg: float
) -> None:
    said = Said()
    branches = Branches(said)
    p = processing(a1111, cfg)
    branches.begin(p)
    branches.loaded(p, [Params(items)])
    branches.before_sampling(p)
    assert not a1111.model.diffusion_model.proj._forward_hooks
    assert callbacks == []
    assert branch_keys.KEY not in p.extra_generation_params
    assert bool(said) == ("neg=abc" in items)


def test_the_stand_in_while_a_checkpoint_is_loaded_ends_it(a1111: A1111Model) -> None:
    branches = Branches(Said())
    p = processing(a1111)
    branches.loaded(p, [Params(["style", "0.8", "neg=0"])])
    branches.before_sampling(p)
    assert a1111.model.diffusion_model.proj._forward_hooks
    branches.loaded(Processing(), [])
    assert not a1111.model.diffusion_model.proj._forward_hooks


def test_the_next_generation_ends_what_an_interrupted_one_left(a1111: A1111Model) -> None:
    branches = Branches(Said())
    p = processing(a1111)
    branches.loaded(p, [Params(["style", "0.8", "neg=0"])])
    branches.before_sampling(p)
    branches.begin(processing(a1111))
    assert not a1111.model.diffusion_model.proj._forward_hooks
    assert not a1111.encoder.fc._forward_hooks


def test_a_network_that_changes_biases_is_refused_by_name(a1111: A1111Model) -> None:
    net = sys.modules["networks"].loaded_networks[0]
    whole = net.modules["unet"]
    whole.down_model = None
    whole.calc_updown = lambda weight: (torch.zeros(4, 4), torch.zeros(4))
    said = Said()
    branches = Branches(said)
    p = processing(a1111)
    branches.loaded(p, [Params(["style", "0.8", "neg=0"])])
    branches.before_sampling(p)
    assert said == ["LoRA style acts on both branches and in all blocks alike: it changes biases"]
    assert branch_keys.KEY not in p.extra_generation_params


@torch.no_grad()
def test_other_algorithms_act_by_their_whole_change(
    a1111: A1111Model, callbacks: list[Any]
) -> None:
    class Hada:
        """As A1111's NetworkModuleHada: the host multiplies by its network's weight at last."""

        sd_key, dora_scale, bias = "diffusion_model_proj", None, None
        network = types.SimpleNamespace(unet_multiplier=0.8, te_multiplier=0.8, dyn_dim=None)
        sd_module = a1111.model.diffusion_model.proj

        def calc_updown(self, weight: Any) -> tuple[Any, None]:
            return 2.0 * torch.eye(4) * self.network.unet_multiplier, None

    sys.modules["networks"].loaded_networks[0].modules = {"unet": Hada()}
    branches = Branches(Said())
    inner, x = a1111.model.diffusion_model, torch.randn(2, 4)
    plain = inner(x)
    p = processing(a1111)
    branches.loaded(p, [Params(["style", "0.8", "neg=0.3"])])
    branches.before_sampling(p)
    step(callbacks, torch.zeros(1, 7, 4), 1)
    torch.testing.assert_close(inner(x)[1], plain[1] - 0.5 * 2.0 * x[1])
    assert Hada.network.unet_multiplier == 0.8


def test_whole_changes_that_take_too_much_memory_are_refused(
    a1111: A1111Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    net = sys.modules["networks"].loaded_networks[0]
    whole = net.modules["unet"]
    whole.down_model = None
    whole.calc_updown = lambda weight: (torch.zeros(4, 4), None)
    assert branch_layers.changes_of(a1111, "style").unet.layers
    monkeypatch.setattr(branch_layers, "MOST_WHOLE_BYTES", 4 * 4 * 4 - 1)
    with pytest.raises(branch_layers.BranchError, match="too much memory"):
        branch_layers.changes_of(a1111, "style")


@pytest.mark.parametrize(
    ("cond", "total", "calls", "found"),
    [
        (1, 2, [2], [[C, U]]),
        (2, 3, [1, 1, 1], [[C], [C], [U]]),
        (2, 2, [2], [[C, C]]),
        (1, 3, [3], [[C, U, U]]),  # InstructPix2Pix has two evaluations without the text
        (1, 2, [1], [[C]]),
        (1, 2, [2, 1], [[C, U], None]),
    ],
)
def test_rows_come_in_the_order_that_the_host_tells(
    cond: int, total: int, calls: list[int], found: list[list[Branch] | None]
) -> None:
    order = RowOrder()
    order.note(types.SimpleNamespace(text_cond=torch.zeros(cond, 7, 4), x=torch.zeros(total, 4)))
    assert [order.rows(None, (torch.zeros(count, 4),), {}) for count in calls] == found


def test_an_attention_of_open_clip_is_read_by_its_projections(a1111: A1111Model) -> None:
    attention = torch.nn.MultiheadAttention(4, 2)
    name = "1_model_transformer_resblocks_0_attn"
    a1111.network_layer_mapping = {name: attention}  # type: ignore[attr-defined]
    net = sys.modules["networks"].loaded_networks[0]
    net.modules = {
        one: network_module(
            attention.out_proj if one == "out" else attention, f"{name}_{one}_proj", seed
        )
        for seed, one in enumerate(("q", "k", "v", "out"))
    }
    found = branch_layers.changes_of(a1111, "style")
    assert set(found.text.attentions[attention]) == {"q", "k", "v", "out"}
    assert not found.text.layers
    del net.modules["k"]
    with pytest.raises(branch_layers.BranchError, match="part of an attention"):
        branch_layers.changes_of(a1111, "style")


@torch.no_grad()
def test_a_pass_that_fails_says_so_before_the_infotext_is_written(
    a1111: A1111Model, callbacks: list[Any]
) -> None:
    said = Said()
    branches = Branches(said)
    p = processing(a1111)
    branches.loaded(p, [Params(["style", "0.8", "neg=0"])])
    branches.before_sampling(p)
    assert branch_keys.KEY in p.extra_generation_params
    step(callbacks, torch.zeros(1, 7, 4), 1)
    # A tool hands the layer other rows than the batch has.
    a1111.model.diffusion_model.proj.register_forward_pre_hook(
        lambda _, args: (torch.cat([args[0], args[0][:1]]),)
    )
    a1111.model.diffusion_model(torch.randn(2, 4))
    branches.after_sampling(p)
    assert branch_keys.KEY not in p.extra_generation_params
    assert len(said) == 1
    assert "3 rows" in said[0]


@torch.no_grad()
def test_blocks_act_at_cfg_1_too(a1111: A1111Model, callbacks: list[Any]) -> None:
    net = sys.modules["networks"].loaded_networks[0]
    net.modules["unet"].sd_key = "diffusion_model_output_blocks_3_0_proj"
    branches = Branches(Said())
    inner, x = a1111.model.diffusion_model, torch.randn(2, 4)
    plain = inner(x)
    p = processing(a1111, cfg=1.0)
    branches.loaded(p, [Params(["style", "0.8", "neg=0", "blocks=-OUT3"])])
    branches.before_sampling(p)
    step(callbacks, torch.zeros(1, 7, 4), 1)
    torch.testing.assert_close(inner(x), plain - 0.8 * x @ change(1).T)
    assert branch_keys.KEY not in p.extra_generation_params
    assert "style -OUT3" in p.extra_generation_params[branch_keys.BLOCKS_KEY]
    branches.loaded(p, [Params(["style", "0.8", "blocks=-OUT4"])])
    branches.before_sampling(p)
    step(callbacks, torch.zeros(1, 7, 4), 1)
    assert torch.equal(inner(x), plain)


@torch.no_grad()
@pytest.mark.parametrize(("blocks", "acts"), [("-IN3", True), ("-IN4", False), ("+MID", False)])
def test_a_scans_lora_is_kept_to_its_blocks_in_whatever_is_evaluated(
    a1111: A1111Model, blocks: str, acts: bool
) -> None:
    import networks

    inner = a1111.model.diffusion_model
    module = networks.loaded_networks[0].modules["unet"]
    module.sd_key = "diffusion_model_input_blocks_4_1_proj"
    x = torch.randn(3, 4)
    clean = inner(x)
    inner.proj.weight += 0.8 * change(1)  # as the host merges it
    merged = inner(x)
    with kept_to_blocks(a1111, (LoraSetting("style", 0.8, 0.8, blocks=blocks),)):
        found, one = inner(x), inner(x[:1])
    assert torch.allclose(found, merged if acts else clean, atol=1e-5)
    assert torch.allclose(one, found[:1], atol=1e-6)
    assert torch.equal(inner(x), merged)


def test_a_lora_that_cannot_be_kept_to_its_blocks_is_named(a1111: A1111Model) -> None:
    masked = (LoraSetting("nobody", 0.8, 0.8, blocks="-IN3"),)
    with pytest.raises(BranchError, match="nobody"), kept_to_blocks(a1111, masked):
        raise AssertionError("evaluated all the same")
