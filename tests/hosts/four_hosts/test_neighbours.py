"""How other extensions take part in a generation, each as its code was read, on all four hosts."""

from __future__ import annotations

from typing import Any

import pytest

from tests.host.support.client import OFF, Webui, assert_differ, assert_same
from tests.host.support.lora_files import CHARACTER, CONCEPT, STYLE, STYLE_TRIGGER

from .host import Host, Script

ASKED, GIVEN = f"a cat <lora:{STYLE}:-0.9>", f"a cat <lora:{STYLE}:-0.5>"


class Mixer(Script):
    """LoRA Mixer: adds its rows to the prompts in ``process``, wraps the loader's instance."""

    def __init__(self, host: Host, tag: str) -> None:
        self.host, self.tag = host, tag
        self.seen: list[list[Any]] = []

    def process(self, p: Any, *_: Any) -> None:
        p.all_prompts = [f"{text} {self.tag}" for text in p.all_prompts]
        p.main_prompt = p.all_prompts[0]
        network = self.host.registry["lora"]
        if not hasattr(network, "mixed"):
            network.mixed, original = True, network.activate

            def activate(p: Any, params_list: list[Any]) -> Any:
                self.seen.append([params.named.get("lbw") for params in params_list])
                return original(p, params_list)

            network.activate = activate


def joined(host: Host, script: Any) -> None:
    """Add a script of another extension to txt2img, before the guard's as its priority asks."""
    host.runners["txt2img"].alwayson_scripts.insert(0, script)


def test_rows_of_a_mixer_are_guarded_and_keep_their_block_weights(host: Host, webui: Webui) -> None:
    mixer = Mixer(host, f"<lora:{STYLE}:-0.9:lbw=0.5,1,0>")
    joined(host, mixer)

    guarded = webui.txt2img("a cat", "blurry", cfg_scale=9)

    assert guarded.prompt == f"a cat <lora:{STYLE}:-0.5:lbw=0.5,1,0>"
    assert guarded.said.cfg_scale == 6
    assert mixer.seen[0] == ["0.5,1,0"]


def test_a_loader_that_is_wrapped_on_its_instance_still_passes_the_guard(
    host: Host, webui: Webui
) -> None:
    joined(host, Mixer(host, ""))

    late = webui.txt2img("a cat", "blurry", probe={"append": f" <lora:{STYLE}:-0.9>"})

    assert_same(late, webui.txt2img(f"a cat  <lora:{STYLE}:-0.5>", "blurry", guard=OFF))


class Spooler(Script):
    """LoRA Tester: one batch per case, its mark on ``p``, tags written into the batch's prompts."""

    cases = ("", f"<lora:{STYLE}:-3>", f"<lora:{STYLE}:-0.5>", f"<lora:{CHARACTER}:-1>")

    def before_process(self, p: Any, *_: Any) -> None:
        named = [{"lora_tag_name": tag.split(":")[1] if tag else None} for tag in self.cases]
        p._lora_tester_state = {"cases": [{**case, "label": "cell"} for case in named]}
        p.n_iter, p.batch_size = len(self.cases), 1
        self.labels = p._lora_tester_state["cases"]

    def process(self, p: Any, *_: Any) -> None:
        p.all_seeds = [p.all_seeds[0]] * len(p.all_prompts)

    def before_process_batch(self, p: Any, *_: Any, **more: Any) -> None:
        texts = more["prompts"]
        texts[:] = [f"{text.rstrip()} {self.cases[more['batch_number']]}".strip() for text in texts]


def test_a_matrix_shows_its_weights_and_its_labels_say_what_is_outside(
    host: Host, webui: Webui
) -> None:
    spooler = Spooler()
    host.runners["txt2img"].alwayson_scripts.append(spooler)
    negative = f"blurry, {STYLE_TRIGGER}"
    request = {"prompt": "a cat", "negative_prompt": negative, "cfg_scale": 9, "seed": 1}

    cells = webui.many("txt2img", (True, "Enforce"), **request, steps=2, width=64, height=64)
    host.runners["txt2img"].alwayson_scripts.remove(spooler)

    assert len(cells) == len(spooler.cases)
    for cell, tag in zip(cells, spooler.cases, strict=True):
        text = f"a cat {tag}".strip()
        assert_same(cell, webui.txt2img(text, negative, guard=OFF, cfg_scale=9))
    outside = ["outside" in case["label"] for case in spooler.labels]
    assert outside == [False, True, False, True]


def test_a_label_speaks_of_its_own_lora_alone(host: Host, webui: Webui) -> None:
    spooler = Spooler()
    host.runners["txt2img"].alwayson_scripts.append(spooler)
    fixed = f"<lora:{CONCEPT}:-0.9>"
    request = {"prompt": f"a cat {fixed}", "negative_prompt": "", "cfg_scale": 9, "seed": 1}

    cells = webui.many("txt2img", (True, "Enforce"), **request, steps=2, width=64, height=64)
    host.runners["txt2img"].alwayson_scripts.remove(spooler)

    assert all(f"{fixed} outside" in cell.own_keys["LoRA Neg sweep"] for cell in cells)
    outside = [case["label"].count("outside") for case in spooler.labels]
    assert outside == [0, 1, 0, 1]


class BlockWeights(Script):
    """LoRA Block Weight: reads the tags after the host's loader has."""

    def title(self) -> str:
        return "LoRA Block Weight"


@pytest.mark.parametrize("words", ["lbw=OUTALL", "lbw=1,0,0,0,1,1,1,1,1,1,1,1", "lbwe=X:stop=9"])
def test_named_block_weights_are_kept_beside_a_guarded_weight(
    host: Host, webui: Webui, words: str
) -> None:
    joined(host, BlockWeights())

    guarded = webui.txt2img(f"a cat <lora:{STYLE}:-0.9:{words}>", "blurry", cfg_scale=9)

    assert guarded.prompt == f"a cat <lora:{STYLE}:-0.5:{words}>"
    assert_same(guarded, webui.txt2img(GIVEN, "blurry", guard=OFF, cfg_scale=6))


@pytest.mark.parametrize("words", ["-0.9:OUTALL", "-0.9:0,1,1,1,1,1,1,1,1,1,1,1"])
def test_block_weights_in_a_weights_place_cost_all_loras_and_that_is_said(
    host: Host, webui: Webui, words: str
) -> None:
    joined(host, BlockWeights())
    prompt = f"a cat <lora:{STYLE}:{words}>"

    made = webui.txt2img(prompt, "blurry", cfg_scale=9)

    assert (made.prompt, made.said.cfg_scale) == (prompt, 9)
    assert webui.rules() == [("R11d", "advised")]
    assert_same(made, webui.txt2img("a cat", "blurry", guard=OFF, cfg_scale=9))


class Wildcards(Script):
    """Dynamic Prompts: other prompts and negative prompts for each picture, in ``process``."""

    def process(self, p: Any, *_: Any) -> None:
        p.all_prompts = [ASKED, f"a dog <lora:{STYLE}:0.8>"]
        p.all_negative_prompts = ["blurry", f"{STYLE_TRIGGER}, dull"]


def test_prompts_of_wildcards_are_guarded_one_by_one(host: Host, webui: Webui) -> None:
    joined(host, Wildcards())
    request = {"prompt": "x", "negative_prompt": "y", "cfg_scale": 9, "seed": 1, "n_iter": 2}

    made = webui.many("txt2img", (True, "Enforce"), **request, steps=2, width=64, height=64)

    assert [(m.prompt, m.negative, m.said.cfg_scale) for m in made] == [
        (GIVEN, "blurry", 6),
        (f"a dog <lora:{STYLE}:0.8>", "dull", 9),
    ]


class Masked(Script):
    """loractl before the loader: takes the weights out of the items and keeps them for itself."""

    def __init__(self, host: Host) -> None:
        kind = type(host.registry["lora"])
        host.registry["lora"] = type("LoraCtlNetwork", (kind,), {"activate": _activate_with_one})()


def _activate_with_one(self: Any, p: Any, params_list: list[Any]) -> Any:
    for params in params_list:
        params.positional = [params.positional[0], 1]
        params.named = {}
    return super(type(self), self).activate(p, params_list)


def test_schedules_are_left_to_the_extension_that_reads_them(host: Host, webui: Webui) -> None:
    Masked(host)
    prompt = f"a cat <lora:{STYLE}:-0.9@0,0@1>"

    guarded = webui.txt2img(prompt, "blurry")

    assert guarded.prompt == prompt
    assert_same(guarded, webui.txt2img(f"a cat <lora:{STYLE}:1>", "blurry", guard=OFF))
    assert_differ(guarded, webui.txt2img("a cat", "blurry", guard=OFF))


def _activate_with_numbers(self: Any, p: Any, params_list: list[Any]) -> Any:
    for params in params_list:
        for weight in params.positional[1:]:
            float(weight)
    return super(type(self), self).activate(p, params_list)


@pytest.mark.parametrize("words", ["-0.9:OUTALL", "-0.9:0,1,1,1,1,1,1,1,1,1,1,1"])
def test_block_weights_in_a_weights_place_are_not_read_beside_loractl_either(
    host: Host, webui: Webui, words: str
) -> None:
    """loractl's loader takes numbers and schedules only; what it fails on costs all LoRAs."""
    joined(host, BlockWeights())
    kind = type(host.registry["lora"])
    reader = type("LoraCtlNetwork", (kind,), {"activate": _activate_with_numbers})
    host.registry["lora"] = reader()
    prompt = f"a cat <lora:{STYLE}:{words}>"

    made = webui.txt2img(prompt, "blurry", cfg_scale=9)

    assert (made.prompt, made.said.cfg_scale) == (prompt, 9)
    assert webui.rules() == [("R11d", "advised")]
    assert_same(made, webui.txt2img("a cat", "blurry", guard=OFF, cfg_scale=9))
