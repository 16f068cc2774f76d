"""Which checkpoint is selected, and its family: from its file, the page's preset, the LoRAs."""

from __future__ import annotations

import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from lib_lora_neg.hosts.preview import FormValues
from lib_lora_neg.hosts.webui import checkpoint
from lib_lora_neg.hosts.webui.preview import WebuiPreview
from lib_lora_neg.loras.families import ModelFamily
from lib_lora_neg.policy import Mode
from tests.hosts.standins import Host, install
from tests.support.cards import card

FILES = [
    (["cond_stage_model.transformer.text_model.final_layer_norm.bias"], ModelFamily.SD1),
    (["conditioner.embedders.1.model.ln_final.bias"], ModelFamily.SDXL),
    (["double_blocks.0.img_attn.norm.key_norm.scale"], ModelFamily.FLUX),
    (
        ["double_blocks.0.img_attn.norm.key_norm.scale", "double_stream_modulation_img.lin.weight"],
        ModelFamily.FLUX2,
    ),
    (
        ["model.diffusion_model.cap_embedder.1.weight", "model.diffusion_model.cap_pad_token"],
        ModelFamily.ZIMAGE,
    ),
    (["model.diffusion_model.cap_embedder.1.weight"], ModelFamily.LUMINA),
    (["head.modulation"], ModelFamily.WAN),
    (["net.llm_adapter.blocks.0.cross_attn.q_proj.weight"], ModelFamily.ANIMA),
    (["txt_norm.weight", "transformer_blocks.0.attn.to_q.weight"], ModelFamily.QWEN),
    (["txtfusion.projector.weight"], ModelFamily.KREA),
    (["layers.0.mlp.linear_fc2.weight"], ModelFamily.ERNIE),
    (["something.weight"], ModelFamily.UNKNOWN),
]


class Selected:
    """The host with a checkpoint that is selected and not loaded."""

    def __init__(self, host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
        self.opts = host.opts
        self.opts.sd_model_checkpoint = "it"
        self.models = types.SimpleNamespace(
            model_data=types.SimpleNamespace(sd_model=None), checkpoint_aliases={}
        )
        monkeypatch.setitem(sys.modules, "modules.sd_models", self.models)
        monkeypatch.setattr(sys.modules["modules"], "sd_models", self.models, raising=False)

    def select(self, file: Path) -> None:
        self.models.checkpoint_aliases["it"] = types.SimpleNamespace(filename=str(file))


@pytest.fixture
def selected(monkeypatch: pytest.MonkeyPatch) -> Selected:
    return Selected(install(monkeypatch), monkeypatch)


class Cards:
    """One LoRA, made for SDXL."""

    def peek(self, name: str) -> Any:
        return card("x", "style", family=ModelFamily.SDXL) if name == "x" else None

    def names(self) -> tuple[str, ...]:
        return ("x",)


@pytest.mark.parametrize(("names", "family"), FILES)
def test_the_file_tells_the_family(
    selected: Selected, tmp_path: Path, names: list[str], family: ModelFamily
) -> None:
    file = tmp_path / "it.safetensors"
    save_file({name: np.zeros(1, np.float32) for name in names}, file)
    selected.select(file)

    assert checkpoint.selected_family() == (family, None)


@pytest.mark.parametrize(
    ("file", "preset", "family"),
    [
        ("it.gguf", "klein", ModelFamily.FLUX2),
        ("it.gguf", "zit", ModelFamily.ZIMAGE),
        ("it.gguf", "all", ModelFamily.SDXL),
        ("it.gguf", None, ModelFamily.SDXL),
        (None, "klein", ModelFamily.SDXL),
    ],
)
def test_the_preset_tells_where_a_file_does_not(
    selected: Selected, tmp_path: Path, file: str | None, preset: str | None, family: ModelFamily
) -> None:
    if file is not None:
        (tmp_path / file).write_bytes(b"GGUF")
        selected.select(tmp_path / file)
    if preset is not None:
        selected.opts.forge_preset = preset

    seen = WebuiPreview(Cards()).context(FormValues(prompt="a cat <lora:x:-0.9>"))

    assert (seen.request.family, seen.family_assumed) == (family, True)


def test_where_another_service_makes_the_pictures_nothing_is_promised(selected: Selected) -> None:
    form = FormValues(prompt="a cat <lora:x:-0.9>")
    assert WebuiPreview(Cards()).context(form, Mode.ENFORCE).settings.mode is Mode.ENFORCE

    selected.opts.forge_model_mode = "api"

    assert WebuiPreview(Cards()).context(form, Mode.ENFORCE).settings.mode is Mode.ADVISE
    assert WebuiPreview(Cards()).context(form, Mode.OFF).settings.mode is Mode.OFF
