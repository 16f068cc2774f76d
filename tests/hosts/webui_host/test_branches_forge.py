"""The negative branch's own strengths in Forge and its forks, with the hosts' objects."""

from __future__ import annotations

import sys
import types
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from lib_lora_neg.branches import Branch  # noqa: E402
from lib_lora_neg.hosts.webui import branch_layers  # noqa: E402
from lib_lora_neg.hosts.webui.branch_rows import rows_from_options  # noqa: E402
from lib_lora_neg.hosts.webui.branches import Branches  # noqa: E402
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
from tests.hosts.standins import Params  # noqa: E402


@pytest.mark.parametrize(
    ("chunks", "rows", "found"),
    [
        ([1, 0], 2, [U, C]),
        ([1, 0], 4, [U, U, C, C]),
        ([0], 2, [C, C]),
        ([0, 0, 1], 3, [C, C, U]),
        ([1, 0], 3, None),
        ([], 2, None),
        (None, 2, None),
    ],
)
def test_rows_as_forge_tells_them(
    chunks: list[int] | None, rows: int, found: list[Branch] | None
) -> None:
    options = {} if chunks is None else {"cond_or_uncond": chunks}
    kwargs = {"transformer_options": options}
    assert rows_from_options(None, (torch.zeros(rows, 4),), kwargs) == found


class Patcher:
    """As Forge's (``lora_patches``) or Neo's and reForge's (``patches``) ModelPatcher."""

    def __init__(self, model: Any, forge: bool) -> None:
        self.model = model
        self.patches: dict[str, list[Any]] = {}
        self.lora_patches: dict[Any, dict[str, list[Any]]] = {}
        self.backup: dict[str, Any] = {}
        if forge:
            self.refresh_loras = lambda: None

    def clone(self) -> Patcher:
        other = Patcher(self.model, hasattr(self, "refresh_loras"))
        other.patches = {name: list(entries) for name, entries in self.patches.items()}
        return other

    def add(self, name: str, patch: Any) -> None:
        entry = (1.0, patch, 1.0, None, None, False)
        if hasattr(self, "refresh_loras"):
            own = self.lora_patches.setdefault((branch_layers.TAG, 1.0, 1.0, False), {})
            own.setdefault(name, []).append(list(entry[:5]))
        else:
            self.patches.setdefault(name, []).append(entry)


class ForgeModel:
    """As Forge's engines."""

    def __init__(self, forge: bool) -> None:
        torch.manual_seed(0)
        inner, encoder = torch.nn.Module(), Encoder()
        inner.diffusion_model = Inner()
        self.encoder = encoder
        unet = Patcher(inner, forge)
        # Another tool's patch in the original is none of the LoRA's.
        unet.patches["diffusion_model.proj.weight"] = [(1.0, ("diff", (0,)), 1.0, None, None)]
        clip = types.SimpleNamespace(patcher=Patcher(encoder, forge), cond_stage_model=encoder)
        self.forge_objects_original = types.SimpleNamespace(unet=unet, clip=clip)
        self.forge_objects = types.SimpleNamespace(unet=unet, clip=clip)

    def get_learned_conditioning(self, texts: list[str]) -> Any:
        return self.encoder.fc(torch.ones(len(texts), 4))


def forge_networks(path: Path, patch_of: Any) -> Any:
    def load(unet: Any, clip: Any, _: Any, *weights: float, filename: str) -> tuple[Any, Any]:
        assert weights == (1.0, 1.0)
        assert filename == branch_layers.TAG
        unet, patcher = unet.clone(), clip.patcher.clone()
        unet.add("diffusion_model.proj.weight", patch_of(1))
        patcher.add("fc.weight", patch_of(2))
        return unet, types.SimpleNamespace(patcher=patcher, cond_stage_model=clip.cond_stage_model)

    on_disk = types.SimpleNamespace(filename=str(path))
    return types.SimpleNamespace(
        available_networks={"style": on_disk},
        available_network_aliases={"style": on_disk, "alias": on_disk},
        forbidden_network_aliases={"none": 1},
        load_lora_state_dict=lambda _: {},
        load_lora_for_models=load,
    )


def as_tuple(seed: int) -> Any:
    down, up = tensors(seed)
    return ("lora", (up, down, 1.0, None, None))


def as_adapter(seed: int) -> Any:
    down, up = tensors(seed)
    return types.SimpleNamespace(name="lora", weights=(up, down, 1.0, None, None, None))


@pytest.mark.parametrize(("forge", "patch_of"), [(True, as_tuple), (False, as_adapter)])
@torch.no_grad()
def test_forge_and_neo_add_to_the_negative_rows_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, forge: bool, patch_of: Any
) -> None:
    (tmp_path / "style.safetensors").write_bytes(b"x")
    networks = forge_networks(tmp_path / "style.safetensors", patch_of)
    monkeypatch.setitem(sys.modules, "networks", networks)
    branch_layers.forget()
    model = ForgeModel(forge)
    inner = model.forge_objects.unet.model.diffusion_model
    x = torch.randn(2, 4)
    plain, text = inner(x), model.get_learned_conditioning(Text(["dull"], True))
    branches = Branches(Said())
    p = processing(model)
    branches.loaded(p, [Params(["alias", "0.8", "neg=0"])])
    branches.before_sampling(p)
    both = {"cond_or_uncond": [1, 0]}
    found = inner(x, transformer_options=both)
    torch.testing.assert_close(found[0], plain[0] + x[0] @ (-0.8 * change(1)).T)
    assert torch.equal(found[1], plain[1])
    negative = model.get_learned_conditioning(Text(["dull"], True))
    torch.testing.assert_close(negative - text, (torch.ones(4) @ (-0.8 * change(2)).T)[None])
    branches.before_sampling(p)  # Forge announces a hires pass twice
    torch.testing.assert_close(inner(x, transformer_options=both), found)
    branches.end(p)
    assert torch.equal(inner(x, transformer_options=both), plain)
    branch_layers.forget()


def test_a_lora_that_changes_something_else_is_refused_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "style.safetensors").write_bytes(b"x")
    networks = forge_networks(tmp_path / "style.safetensors", as_adapter)
    load = networks.load_lora_for_models

    def with_bias(*args: Any, **kwargs: Any) -> Any:
        unet, clip = load(*args, **kwargs)
        unet.add("diffusion_model.proj.bias", ("diff", (torch.zeros(4),)))
        return unet, clip

    networks.load_lora_for_models = with_bias
    monkeypatch.setitem(sys.modules, "networks", networks)
    branch_layers.forget()
    said = Said()
    branches = Branches(said)
    p = processing(ForgeModel(False))
    branches.loaded(p, [Params(["style", "0.8", "neg=0"])])
    branches.before_sampling(p)
    assert said == ["LoRA style acts on both branches and in all blocks alike: it changes a bias"]
