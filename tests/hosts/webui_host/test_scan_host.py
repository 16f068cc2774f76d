"""What a scan begins with in the WebUI, and what it hands over to txt2img."""

from __future__ import annotations

import csv
import io
import json
import sys
import types
from pathlib import Path
from typing import Any

import pytest

from lib_lora_neg.hosts.webui import scan_form
from lib_lora_neg.hosts.webui.scan import WebuiScanHost
from lib_lora_neg.hosts.webui.scan_texts import cell_text, grid_text
from lib_lora_neg.hosts.webui.xyz_weights import read_axis
from lib_lora_neg.infotext import parse_infotext
from lib_lora_neg.loras.families import ModelFamily
from lib_lora_neg.scan.plan import LoraPart, ScannedLora, ScanPlan, ScanPrompt
from lib_lora_neg.scan.ports import Sampling
from tests.hosts.standins import install

SAMPLING = Sampling(5.0, 12, 640, 512, "DPM++ 2M", "Karras")
PLAN = ScanPlan(
    (ScannedLora("style_a"),),
    (ScanPrompt("a cat, sitting"),),
    (7,),
    (-1, 1),
    negative_prompt="blurry",
    sampling=SAMPLING,
    checkpoint="03e0337872",
    facts=(("Clip skip", "2"),),
)


def of_axis(text: str) -> list[str]:
    """Take values apart as the host's plot does."""
    rows = csv.reader(io.StringIO(text), skipinitialspace=True)
    return [value.strip() for row in rows for value in row]


def test_the_grid_goes_to_the_plot_by_an_infotext() -> None:
    said = parse_infotext(grid_text(PLAN))
    assert said.prompt == "a cat, sitting<lora:style_a:1>"
    assert said.negative_prompt == "blurry"
    assert dict(said.parameters) == {
        "Steps": "12",
        "Sampler": "DPM++ 2M",
        "Schedule type": "Karras",
        "CFG scale": "5",
        "Seed": "7",
        "Size": "640x512",
        "Model hash": "03e0337872",
        "Clip skip": "2",
        "LoRA Neg": "Off",
        "Script": "X/Y/Z plot",
        "X Type": "[LoRA Neg] Weight",
        "X Values": "style_a: -1, 0, 1",
        "Y Type": "Nothing",
        "Z Type": "Nothing",
    }
    values = read_axis(said.parameters["X Values"], text_encoder=False)
    assert [value.weight for value in values] == [-1, 0, 1]


def plan(**more: Any) -> ScanPlan:
    fields = {name: getattr(PLAN, name) for name in PLAN.__dataclass_fields__}
    return ScanPlan(**{**fields, **more})


def test_prompts_go_down_and_seeds_into_grids_of_their_own() -> None:
    prompts = (ScanPrompt("a cat, sitting"), ScanPrompt('a "big" dog'), ScanPrompt("two\nlines"))
    said = parse_infotext(grid_text(plan(prompts=prompts, seeds=(7, 8)))).parameters
    assert said["Y Type"] == "Prompt S/R"
    assert of_axis(said["Y Values"]) == [prompt.text for prompt in prompts]
    assert (said["Z Type"], said["Z Values"]) == ("Seed", "7,8")


@pytest.mark.parametrize(
    ("part", "held", "axis", "tag"),
    [
        (LoraPart.UNET, 0.5, "[LoRA Neg] Weight", "<lora:style_a:0.5:1>"),
        (LoraPart.UNET, 1.0, "[LoRA Neg] Weight", "<lora:style_a:1:1>"),
        (LoraPart.TEXT_ENCODER, 0.0, "[LoRA Neg] Text-encoder weight", "<lora:style_a:1:0>"),
    ],
)
def test_one_part_is_swept_and_the_other_held(
    part: LoraPart, held: float, axis: str, tag: str
) -> None:
    said = parse_infotext(grid_text(plan(part=part, held=held)))
    assert said.parameters["X Type"] == axis
    assert said.prompt.endswith(tag)


@pytest.mark.parametrize(
    ("part", "tag"),
    [
        (LoraPart.BOTH, "<lora:style_a:1:blocks=-OUT3>"),
        (LoraPart.UNET, "<lora:style_a:0:1:blocks=-OUT3>"),
    ],
)
def test_the_plot_has_the_scans_mask(part: LoraPart, tag: str) -> None:
    said = parse_infotext(
        grid_text(plan(loras=(ScannedLora("style_a", blocks="-OUT3"),), part=part))
    )
    assert said.prompt.endswith(tag)


def test_loras_that_are_scanned_together_are_replaced_together() -> None:
    both = (ScannedLora("style_a"), ScannedLora("char_a", factor=0.5))
    said = parse_infotext(grid_text(plan(loras=both)))
    cells = of_axis(said.parameters["X Values"])
    assert said.parameters["X Type"] == "Prompt S/R"
    assert cells == ["<lora:style_a:-1><lora:char_a:-0.5>", "<lora:style_a:1><lora:char_a:0.5>"]
    assert cells[0] in said.prompt


def test_a_cells_text_switches_the_guard_off() -> None:
    text = "a cat<lora:a:-0.9>\nSteps: 2, Sampler: Euler, Seed: 1"
    assert parse_infotext(cell_text(text)).parameters["LoRA Neg"] == "Off"
    assert cell_text(f"{text}, LoRA Neg: Off") == f"{text}, LoRA Neg: Off"
    assert cell_text("") == ""


class Info:
    """A checkpoint as the host lists it."""

    def __init__(self, path: Path, shorthash: str | None, calculated: str | None) -> None:
        self.filename, self.name_for_extra, self.hash = str(path), path.stem, "legacy12"
        self.shorthash, self._calculated = shorthash, calculated

    def calculate_shorthash(self) -> str | None:
        self.shorthash = self._calculated
        return self.shorthash


class Option:
    def __init__(self, default: Any, label: str, infotext: str | None = None) -> None:
        self.default, self.label, self.infotext = default, label, infotext


LABELS = {
    "sd_model_checkpoint": Option(None, "Stable Diffusion checkpoint", "Model hash"),
    "CLIP_stop_at_last_layers": Option(1, "Clip skip", "Clip skip"),
    "sd_vae": Option("Automatic", "SD VAE", "VAE"),
    "face_restoration": Option(False, "Restore faces", "Face restoration"),
    "eta_ancestral": Option(1.0, "Eta for k-diffusion samplers", "Eta"),
    "live_previews_enable": Option(True, "Show live previews"),
}


class Options:
    """As the host's: values by attribute, defaults where nothing is set."""

    def __init__(self, **data: Any) -> None:
        self.data, self.data_labels = data, LABELS

    def __getattr__(self, name: str) -> Any:
        if name in self.data:
            return self.data[name]
        if name in LABELS:
            return LABELS[name].default
        raise AttributeError(name)


@pytest.fixture
def webui(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> types.SimpleNamespace:
    install(monkeypatch)
    import modules

    checkpoint = tmp_path / "model.safetensors"
    checkpoint.write_bytes(b"no model")
    found = types.SimpleNamespace(
        info=Info(checkpoint, "03e0337872", None), opts=Options(), config=tmp_path / "ui.json"
    )
    modules.shared.opts = found.opts
    modules.shared.cmd_opts = types.SimpleNamespace(ui_config_file=str(found.config))
    data = types.SimpleNamespace(sd_model=None, forge_loading_parameters={})
    found.data = data
    data.forge_loading_parameters["checkpoint_info"] = found.info
    modules.sd_models = types.SimpleNamespace(model_data=data, checkpoint_aliases={})
    modules.sd_samplers = types.SimpleNamespace(samplers=[types.SimpleNamespace(name="Euler a")])
    modules.sd_schedulers = types.SimpleNamespace(
        schedulers=[types.SimpleNamespace(label="Karras")]
    )
    for name in ("sd_models", "sd_samplers", "sd_schedulers"):
        monkeypatch.setitem(sys.modules, f"modules.{name}", getattr(modules, name))
    return found


def test_the_checkpoint_is_the_selected_one(webui: types.SimpleNamespace) -> None:
    chosen = scan_form.chosen_checkpoint()
    assert chosen is not None
    assert (chosen.title, chosen.digest, chosen.facts) == ("model", "03e0337872", ())
    webui.data.forge_loading_parameters.clear()
    assert scan_form.chosen_checkpoint() is None


@pytest.mark.parametrize(
    ("calculated", "digest"), [("abcdef1234", "abcdef1234"), (None, "legacy12")]
)
def test_a_checkpoint_without_a_hash_yet(
    webui: types.SimpleNamespace, calculated: str | None, digest: str
) -> None:
    webui.data.forge_loading_parameters["checkpoint_info"] = Info(
        Path(webui.info.filename), None, calculated
    )
    chosen = scan_form.chosen_checkpoint()
    assert chosen is not None
    assert chosen.digest == digest


def test_what_else_decides_the_pictures(webui: types.SimpleNamespace) -> None:
    webui.opts.data.update(
        CLIP_stop_at_last_layers=2,
        face_restoration=True,
        sd_model_checkpoint="model",
        live_previews_enable=False,
        eta_ancestral=0.5,
        forge_additional_modules=["vae.safetensors", "t5.safetensors"],
    )
    assert scan_form.facts() == (
        ("Clip skip", "2"),
        ("Eta", "0.5"),
        ("Modules", "vae.safetensors, t5.safetensors"),
    )


def family(monkeypatch: pytest.MonkeyPatch, name: ModelFamily) -> None:
    monkeypatch.setattr(scan_form, "selected_family", lambda: (name, None))


def test_the_form_begins_with_the_users_defaults(
    webui: types.SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    family(monkeypatch, ModelFamily.SDXL)
    webui.config.write_text(
        json.dumps(
            {
                "txt2img/CFG Scale/value": 5.5,
                "txt2img/Width/value": 512,
                "txt2img/Height/value": 768,
                "txt2img/Negative prompt/value": "dull",
                "customscript/sampler.py/txt2img/Sampling steps/value": 28,
                "customscript/sampler.py/txt2img/Sampling method/value": "Euler a",
                "txt2img/Sampling method/value": "LMS",
            }
        )
    )
    form = scan_form.form()
    assert form.sampling == Sampling(5.5, 28, 1024, 768, "Euler a", "")
    assert (form.negative_prompt, form.samplers, form.schedulers) == (
        "dull",
        ["Euler a"],
        ["Karras"],
    )


@pytest.mark.parametrize("text", ["", "[1]", "{", '{"txt2img/CFG Scale/value": "seven"}'])
def test_a_form_without_defaults(
    webui: types.SimpleNamespace, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    webui.config.write_text(text)
    usual = ((ModelFamily.SD1, 7, 20, 512), (ModelFamily.SDXL, 5, 24, 1024))
    for name, cfg, steps, side in usual:
        family(monkeypatch, name)
        sampling = scan_form.form().sampling
        assert (sampling.cfg, sampling.steps, sampling.width) == (cfg, steps, side)


def test_what_the_host_writes_by_itself_is_nobodys_choice(
    webui: types.SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    sides = {f"txt2img/{label}/value": 512 for label in ("Width", "Height")}
    steps = "customscript/sampler.py/txt2img/Sampling steps/value"
    webui.config.write_text(json.dumps({"txt2img/CFG Scale/value": 7.0, steps: 20, **sides}))
    family(monkeypatch, ModelFamily.SDXL)
    assert scan_form.form().sampling == Sampling(5.0, 24, 1024, 1024)


def test_neo_has_steps_and_guidance_per_family_too(
    webui: types.SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    webui.opts.data.update(klein_t2i_cfg=2.0, klein_t2i_step=6, klein_t2i_width=0)
    webui.opts.data.update(flux_t2i_dcfg=3.0)
    family(monkeypatch, ModelFamily.FLUX2)
    sampling = scan_form.form().sampling
    assert (sampling.cfg, sampling.steps, sampling.width) == (2, 6, 1024)
    family(monkeypatch, ModelFamily.FLUX)
    assert scan_form.form().sampling.distilled_cfg == 3


def test_forge_has_defaults_per_family(
    webui: types.SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    webui.opts.data.update(flux_t2i_cfg=1, flux_t2i_d_cfg=3.0, flux_t2i_sampler="Euler")
    webui.opts.data.update(flux_t2i_width=896, sd_t2i_width=512)
    webui.config.write_text('{"txt2img/Width/value": 896}')
    family(monkeypatch, ModelFamily.FLUX)
    sampling = scan_form.form().sampling
    assert (sampling.cfg, sampling.distilled_cfg, sampling.sampler) == (1, 3.0, "Euler")
    assert (sampling.width, sampling.height) == (1024, 1024)
    family(monkeypatch, ModelFamily.SD1)
    assert (scan_form.form().sampling.width, scan_form.form().sampling.height) == (512, 512)


def test_a_loras_hash_is_the_hosts_and_remembered(
    webui: types.SimpleNamespace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import modules
    import networks

    path = tmp_path / "style.safetensors"
    path.write_bytes(b"one")
    networks.available_networks["style"] = types.SimpleNamespace(filename=str(path))
    asked: list[tuple[str, str, bool]] = []

    def sha256(filename: str, title: str, use_addnet_hash: bool = False) -> str | None:
        asked.append((filename, title, use_addnet_hash))
        return None if webui.no_hashing else f"hash of {Path(filename).read_text()}"

    webui.no_hashing = False
    monkeypatch.setattr(modules, "hashes", types.SimpleNamespace(sha256=sha256), raising=False)
    host = WebuiScanHost(types.SimpleNamespace())
    assert host.lora_digest("style") == host.lora_digest("style") == "hash of one"
    assert asked == [(str(path), "lora/style", True)]
    path.write_bytes(b"another")
    assert host.lora_digest("style") == "hash of another"
    assert host.lora_digest("missing") == ""
    webui.no_hashing = True
    fallback = WebuiScanHost(types.SimpleNamespace()).lora_digest("style")
    assert fallback
    assert WebuiScanHost(types.SimpleNamespace()).lora_digest("style") == fallback
    path.unlink()
    assert host.lora_digest("style") == ""


def test_scans_are_kept_with_the_users_data(monkeypatch: pytest.MonkeyPatch, webui: Any) -> None:
    paths = types.SimpleNamespace(data_path="/data")
    monkeypatch.setitem(sys.modules, "modules.paths_internal", paths)
    folder = WebuiScanHost(types.SimpleNamespace()).scans_folder()
    assert folder == Path("/data/lora_neg/scans")


def test_hosts_without_their_own_denoiser_offer_no_quick_scan(
    webui: types.SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lib_lora_neg.hosts.webui import capabilities, scan_models

    host = WebuiScanHost(types.SimpleNamespace())
    monkeypatch.setattr(capabilities, "has_forge_backend", lambda: False)
    monkeypatch.setattr(capabilities, "has_classic_denoiser", lambda: False)
    monkeypatch.setattr(capabilities, "has_patched_denoiser", lambda: False)
    assert (host.denoiser(), host.critic()) == (None, None)
    monkeypatch.setattr(capabilities, "has_classic_denoiser", lambda: True)
    for name, there in ((ModelFamily.SD3, False), (ModelFamily.SDXL, True)):
        monkeypatch.setattr(scan_models, "selected_family", lambda name=name: (name, None))
        assert (host.denoiser() is not None) is there
    monkeypatch.setattr(scan_models, "selected_family", lambda: (ModelFamily.FLUX, None))
    for asks in ("has_forge_backend", "has_patched_denoiser"):
        assert host.denoiser() is None
        monkeypatch.setattr(capabilities, asks, lambda: True)
        assert host.denoiser() is not None
        assert host.critic() is not None
        monkeypatch.setattr(capabilities, asks, lambda: False)
