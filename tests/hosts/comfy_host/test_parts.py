"""The small parts of ComfyUI's host: orders, settings, stacks, families, names of files."""

from __future__ import annotations

import json
import types
from pathlib import Path
from typing import Any

import pytest

from lib_lora_neg.hosts.comfy import settings
from lib_lora_neg.hosts.comfy.families import FROM_MODEL, model_of
from lib_lora_neg.hosts.comfy.loras import ComfyLoras
from lib_lora_neg.hosts.comfy.order import TagOrder, swapped
from lib_lora_neg.hosts.comfy.planning import LoadedLora
from lib_lora_neg.hosts.comfy.stacks import read_stack, write_stack
from lib_lora_neg.hosts.comfy.upstream import loras_before_node, note, note_stack, noted_loras
from lib_lora_neg.hosts.comfy.weights import within_blocks
from lib_lora_neg.loras.decisions import Decision
from lib_lora_neg.loras.families import ModelFamily
from lib_lora_neg.policy import GuardSettings, Mode, NegativeTag
from lib_lora_neg.samples.files import write_lora
from lib_lora_neg.samples.loras import sample_loras


class TestOrder:
    @pytest.mark.parametrize(
        ("text", "other"),
        [
            ("a <lora:x:1:2>, b", "a <lora:x:2:1>, b"),
            ("<lora:x y:-0.5:0.5:lbw=MID>", "<lora:x y:0.5:-0.5:lbw=MID>"),
            ("<lyco:x:1:2>", "<lyco:x:2:1>"),
            ("<lora:x:1> <lora:x> <lora:x:te=1:unet=2>", None),
            ("<hypernet:x:1:2>", None),
            ("<lora:x:1:2", None),
        ],
    )
    def test_two_strengths_change_places(self, text: str, other: str | None) -> None:
        assert swapped(text, TagOrder.MODEL_FIRST) == (other or text)
        assert swapped(other or text, TagOrder.MODEL_FIRST) == text
        assert swapped(text, TagOrder.TEXT_ENCODER_FIRST) is text

    def test_a_text_without_is_the_same_object(self) -> None:
        text = "a cat, (red:1.2)"
        assert swapped(text, TagOrder.MODEL_FIRST) is text


class TestSettings:
    def test_nothing_kept_is_the_default(self) -> None:
        assert settings.in_force({}) == GuardSettings()
        assert settings.order_of({}) is TagOrder.MODEL_FIRST

    def test_what_the_dialog_keeps_is_obeyed(self) -> None:
        kept = {
            settings.MODE: "Advise",
            settings.PREFIX + "R1": "Off",
            settings.CEILING: 4.5,
            settings.NEGATIVE_TAG: "remove",
            settings.ORDER: TagOrder.TEXT_ENCODER_FIRST.value,
        }
        found = settings.in_force(kept)
        assert (found.mode, found.cfg_ceiling) == (Mode.ADVISE, 4.5)
        assert found.negative_tag is NegativeTag.REMOVE
        assert found.mode_of("R1") is Mode.OFF
        assert found.mode_of("R1f") is Mode.OFF
        assert settings.order_of(kept) is TagOrder.TEXT_ENCODER_FIRST
        # The node's own choice goes before.
        assert settings.in_force(kept, "Enforce").mode is Mode.ENFORCE
        assert settings.order_of(kept, TagOrder.MODEL_FIRST.value) is TagOrder.MODEL_FIRST

    @pytest.mark.parametrize("value", [None, 3.9, 6.1, "5", True, [], float("nan")])
    def test_values_that_mean_nothing_count_as_not_set(self, value: object) -> None:
        assert settings.in_force({settings.CEILING: value}).cfg_ceiling == 6.0
        assert settings.in_force({settings.MODE: value}).mode is Mode.ENFORCE

    def test_every_default_of_the_dialog_is_the_guards_own(self) -> None:
        defined = settings.definitions()
        kept = {item["id"]: item["defaultValue"] for item in defined}
        assert settings.in_force(kept) == GuardSettings()
        assert len({item["id"] for item in defined}) == len(defined)
        json.dumps(defined)

    @pytest.mark.parametrize("content", [None, "", "[]", "{", "\xff", "[" * 100_000])
    def test_a_file_that_is_none_is_nothing_kept(self, tmp_path: Path, content: str | None) -> None:
        path = tmp_path / "comfy.settings.json"
        if content is not None:
            path.write_text(content, encoding="latin-1")
        assert settings.read_file(path) == {}


class TestStacks:
    STACK = (("a.safetensors", 1.0, 0.5), ("None", 1.0, 1.0), ["b", -0.9, -0.9], ("c", 0.0, 0.0))

    def test_entries_are_read_and_written_back(self) -> None:
        loaded, odd = read_stack(self.STACK)
        assert [lora.name for lora in loaded] == ["a.safetensors", "b", "c"]
        assert not odd
        same = write_stack(self.STACK, loaded)
        assert all(one is other for one, other in zip(same, self.STACK, strict=True))

    def test_changed_strengths_keep_the_entrys_kind(self) -> None:
        loaded, _ = read_stack(self.STACK)
        changed = (loaded[0], LoadedLora("b", -0.5, -0.5), loaded[2])
        written = write_stack(self.STACK, changed)
        assert written[2] == ["b", -0.5, -0.5]
        assert written[0] is self.STACK[0]

    def test_a_lora_that_was_taken_out_is_left_out(self) -> None:
        loaded, _ = read_stack(self.STACK)
        written = write_stack(self.STACK, (loaded[0], LoadedLora("b", 0.0, 0.0), loaded[2]))
        assert [entry[0] for entry in written] == ["a.safetensors", "None", "c"]

    @pytest.mark.parametrize("stack", [None, [], "text", 3])
    def test_no_stack(self, stack: Any) -> None:
        assert read_stack(stack) == ((), ())
        assert write_stack(stack, ()) == []

    def test_odd_entries_stay_and_are_named(self) -> None:
        stack = [("a", 1.0), (1, 2, 3), ("b", "x", 1), ("c", float("nan"), 1), ("d", 1, 1)]
        loaded, odd = read_stack(stack)
        assert [lora.name for lora in loaded] == ["d"]
        assert len(odd) == 4
        assert write_stack(stack, loaded) == stack


def patcher(kind: str, bases: tuple[type, ...] = (), **unet: Any) -> Any:
    config = type(kind, bases or (object,), {})()
    config.unet_config = unet
    return types.SimpleNamespace(model=types.SimpleNamespace(model_config=config))


class TestFamilies:
    @pytest.mark.parametrize(
        ("kind", "family"),
        [
            ("SD15", ModelFamily.SD1),
            ("SD15_instructpix2pix", ModelFamily.SD1),
            ("SD21UnclipH", ModelFamily.SD2),
            ("SDXL", ModelFamily.SDXL),
            ("KOALA_1B", ModelFamily.SDXL),
            ("SD3", ModelFamily.SD3),
            ("Flux", ModelFamily.FLUX),
            ("FluxSchnell", ModelFamily.FLUX),
            ("Flux2", ModelFamily.FLUX2),
            ("WAN21_T2V", ModelFamily.WAN),
            ("HunyuanImage21", ModelFamily.HUNYUAN),
            ("SV3D_u", ModelFamily.UNKNOWN),
            ("Something", ModelFamily.UNKNOWN),
        ],
    )
    def test_the_class_of_the_model_tells(self, kind: str, family: ModelFamily) -> None:
        assert model_of(patcher(kind)).family is family

    def test_a_class_of_another_packs_is_what_it_derives_from(self) -> None:
        base = type("SDXL", (), {})
        assert model_of(patcher("Mine", (base,))).family is ModelFamily.SDXL

    def test_guidance_as_an_input(self) -> None:
        assert model_of(patcher("Flux", guidance_embed=True)).distilled_guidance
        assert not model_of(patcher("FluxSchnell", guidance_embed=False)).distilled_guidance

    def test_what_is_chosen_goes_before_what_is_linked(self) -> None:
        assert model_of(patcher("SDXL"), "sd1").family is ModelFamily.SD1
        assert model_of(None, "sd1").family is ModelFamily.SD1
        assert model_of(None, FROM_MODEL).family is ModelFamily.UNKNOWN


class TestNotes:
    def test_what_the_guards_loader_loads_goes_with_the_model(self) -> None:
        one = types.SimpleNamespace(attachments={})
        note(one, (LoadedLora("a", -0.5, -0.5),))
        note(one, (LoadedLora("b", 1, 1),))
        assert [lora.name for lora in noted_loras(one)] == ["a", "b"]
        held, notes = loras_before_node(one, None, None)
        assert all(lora.held for lora in held)
        assert not notes

    def test_a_patcher_without_a_place_for_it(self) -> None:
        note(types.SimpleNamespace(), (LoadedLora("a", 1, 1),))
        assert noted_loras(None) == ()

    def test_other_loaders_are_found_in_the_workflow(self) -> None:
        workflow = {
            "1": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "m"}},
            "2": {
                "class_type": "LoraLoader",
                "inputs": {
                    "model": ["1", 0],
                    "clip": ["1", 1],
                    "lora_name": "styles/ink.safetensors",
                    "strength_model": -0.9,
                    "strength_clip": 0.5,
                },
            },
            "3": {
                "class_type": "NegGuardLoraLoader",
                "inputs": {"model": ["2", 0], "lora_name": "own", "strength_model": -0.9},
            },
            "4": {"class_type": "NegGuardPrompts", "inputs": {"model": ["3", 0]}},
        }
        held, notes = loras_before_node(None, workflow, 4)
        assert held == (LoadedLora("ink", -0.9, 0.5, held=True),)
        assert not notes

    def test_a_guarded_stack_counts_with_what_it_became(self) -> None:
        stack = {
            "class_type": "CR LoRA Stack",
            "inputs": {
                "switch_1": "On",
                "lora_name_1": "sub/ink.safetensors",
                "model_weight_1": -0.9,
                "clip_weight_1": -0.9,
                "switch_2": "On",
                "lora_name_2": "hero.safetensors",
                "model_weight_2": -0.5,
                "clip_weight_2": -0.5,
            },
        }
        workflow = {
            "1": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "m"}},
            "2": stack,
            "3": {"class_type": "NegGuardLoraStack", "inputs": {"lora_stack": ["2", 0]}},
            "4": {
                "class_type": "CR Apply LoRA Stack",
                "inputs": {"model": ["1", 0], "clip": ["1", 1], "lora_stack": ["3", 0]},
            },
            "5": {"class_type": "NegGuardPrompts", "inputs": {"model": ["4", 0]}},
        }
        before = (
            LoadedLora("sub/ink.safetensors", -0.9, -0.9),
            LoadedLora("hero.safetensors", -0.5, -0.5),
        )
        assert [x.model for x in loras_before_node(None, workflow, "5")[0]] == [-0.9, -0.5]
        note_stack("3", before, (LoadedLora("x", -0.5, -0.5), LoadedLora("y", 0.0, 0.0)))
        # The second was taken out.
        assert loras_before_node(None, workflow, "5")[0] == (
            LoadedLora("ink", -0.5, -0.5, held=True),
        )

    @pytest.mark.parametrize("workflow", [None, {}, {"4": {}}, {"4": None}, []])
    def test_no_workflow(self, workflow: Any) -> None:
        assert loras_before_node(None, workflow, "4") == ((), ())


class TestNamesOfFiles:
    @pytest.fixture
    def loras(self, tmp_path: Path) -> ComfyLoras:
        for lora in sample_loras():
            write_lora(tmp_path, lora)
        sub = tmp_path / "sub"
        sub.mkdir()
        first = sorted(tmp_path.glob("*.safetensors"))[0]
        (sub / first.name).write_bytes(first.read_bytes())
        names = [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.safetensors")]
        return ComfyLoras(
            [tmp_path],
            lambda: names,
            lambda name: str(tmp_path / name) if (tmp_path / name).is_file() else None,
        )

    def test_a_path_names_its_own_file(self, loras: ComfyLoras, tmp_path: Path) -> None:
        name = sorted(tmp_path.glob("*.safetensors"))[0].name
        for spelt in (f"sub/{name}", f"sub\\{name}", f"sub/{name}".removesuffix(".safetensors")):
            card = loras.get(spelt)
            assert card is not None
            assert Path(card.path) == tmp_path / "sub" / name
        top = loras.get(name)
        assert top is not None
        assert Path(top.path) == tmp_path / name

    def test_so_does_a_stem(self, loras: ComfyLoras, tmp_path: Path) -> None:
        stem = sorted(tmp_path.glob("*.safetensors"))[1].stem
        card = loras.get(stem)
        assert card is not None
        assert card.name == stem

    @pytest.mark.parametrize("name", ["", "None", "nothing of the kind"])
    def test_no_such_lora(self, loras: ComfyLoras, name: str) -> None:
        assert loras.get(name) is None
        assert loras.path(name) is None
        assert loras.save(name, Decision(guard_off=True)) is None

    def test_a_decision_is_obeyed_at_once(self, loras: ComfyLoras, tmp_path: Path) -> None:
        name = sorted(tmp_path.glob("*.safetensors"))[1].name
        before = loras.stamp([name])
        kept = loras.save(name, Decision(guard_off=True))
        assert kept is not None
        assert kept.done
        card = loras.get(name)
        assert card is not None
        assert card.guard_off
        assert loras.stamp([name]) != before


def test_a_mask_leaves_out_the_tensors_of_its_blocks_alone() -> None:
    keys = (
        "lora_unet_input_blocks_4_1_proj_in.lora_up.weight",
        "lora_unet_output_blocks_3_1_proj_in.lora_down.weight",
        "diffusion_model.single_blocks.7.linear1.lora_A.weight",
        "lora_unet_time_embed_0.alpha",
        "lora_te1_text_model_encoder_layers_3_mlp_fc1.alpha",
    )
    tensors = {key: object() for key in keys}
    assert list(within_blocks(tensors, "-OUT3-S7")) == [keys[0], *keys[3:]]
    assert list(within_blocks(tensors, "+IN")) == [keys[0], keys[4]]
    assert within_blocks(tensors, "") is tensors
    assert within_blocks(tensors, "nonsense") is tensors
