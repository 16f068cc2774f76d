"""Runs in ComfyUI's own Python, within ComfyUI: the guard's nodes against tensors made by hand.

    python inside.py COMFY_ROOT REPOSITORY CHECKPOINT LORA_FOLDER OUTPUT [WORKFLOW]

Writes OUTPUT: a JSON of largest differences, or with a workflow an ``.npz`` of what its text
encoders and the first step of its sampler gave.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT, REPOSITORY, CHECKPOINT, LORAS, OUTPUT, *WORKFLOWS = sys.argv[1:]
sys.argv = [sys.argv[0], "--cpu", "--force-fp32", "--fp32-unet", "--fp32-text-enc"]
sys.path[0] = ROOT

import comfy.options  # noqa: E402

comfy.options.enable_args_parsing()

import comfy.model_management  # noqa: E402
import comfy.utils  # noqa: E402
import folder_paths  # noqa: E402
import nodes  # noqa: E402
import numpy as np  # noqa: E402
import torch  # noqa: E402

POSITIVE, NEGATIVE, SEED = "a cat on a sofa", "blurry, lowres", 7
STYLE = "lnt_style.safetensors"
LOOKED_AT_AGAIN = 2.5
"""Seconds after which the nodes look at the folders again (`loras.LOOK_AGAIN_SECONDS`)."""

STARTS = {"clip_l": ("lora_te_", "lora_te1_"), "clip_g": ("lora_te2_",)}
"""How the names of a text encoder's layers begin in LoRA files."""


def prepare() -> None:
    folder_paths.set_user_directory(str(Path(OUTPUT).parent / "user"))
    folder_paths.set_output_directory(str(Path(OUTPUT).parent / "output"))
    folder_paths.add_model_folder_path("loras", LORAS, is_default=True)
    folder_paths.add_model_folder_path("checkpoints", str(Path(CHECKPOINT).parent))
    for part in ("nodes_hooks.py",):
        asyncio.run(nodes.load_custom_node(str(Path(ROOT) / "comfy_extras" / part)))
    assert asyncio.run(nodes.load_custom_node(REPOSITORY)), "the pack does not load"


def deltas() -> dict[str, torch.Tensor]:
    """The change of each layer at strength 1, from the file alone."""
    file = comfy.utils.load_torch_file(str(Path(LORAS) / STYLE))
    names = {key.rsplit(".", 2)[0] for key in file if key.endswith(".lora_up.weight")}
    found = {}
    for name in names:
        up, down = (file[f"{name}.lora_{end}.weight"].float() for end in ("up", "down"))
        found[name] = up @ down * (float(file[f"{name}.alpha"]) / down.shape[0])
    return found


def places(model, clip, wanted) -> dict[str, torch.nn.Parameter]:
    """The weight behind each of the file's names, found by the names of the model's own layers."""
    unet = comfy.lora.model_lora_keys_unet(model.model, {})
    found = {name: comfy.utils.get_attr(model.model, unet[name]) for name in wanted if name in unet}
    for key, value in clip.cond_stage_model.named_parameters():
        encoder, _, layer = key.partition(".transformer.")
        if layer.startswith("text_model.") and layer.endswith(".weight"):
            stem = layer.removesuffix(".weight").replace(".", "_")
            for start in STARTS.get(encoder, ()):
                found[start + stem] = value
    return found


@contextmanager
def by_hand(model, clip, unet: float, te: float, left_out: tuple = ()) -> Iterator[None]:
    """Add the LoRA to the base model's own weights, without any of ComfyUI's means.

    Layers whose names have one of the pieces of ``left_out`` in them are left as they are.
    """
    comfy.model_management.unload_all_models()
    changes = {
        name: delta
        for name, delta in deltas().items()
        if not any(piece in name for piece in left_out)
    }
    where, kept = places(model, clip, changes), {}
    with torch.no_grad():
        for name, delta in changes.items():
            weight, strength = where[name], te if name.startswith("lora_te") else unet
            kept[name] = weight.detach().clone()
            weight += strength * delta.reshape(weight.shape)
    try:
        yield
    finally:
        comfy.model_management.unload_all_models()
        with torch.no_grad():
            for name, weight in kept.items():
                where[name].copy_(weight)


def encoded(clip, text: str):
    return clip.encode_from_tokens_scheduled(clip.tokenize(text))


def sampled(model, positive, negative, cfg: float) -> torch.Tensor:
    """One step from the highest noise level to none: what the denoiser takes the picture for."""
    latent = {"samples": torch.zeros([1, 4, 8, 8])}
    return nodes.common_ksampler(
        model, SEED, 1, cfg, "euler", "normal", positive, negative, latent
    )[0]["samples"]


def differ(one: torch.Tensor, other: torch.Tensor) -> float:
    return float((one - other).abs().max() / other.abs().max())


def conds_differ(one: list, other: list) -> float:
    """The larger difference of two conditionings: tokens, and what is pooled of them."""
    found = [differ(one[0][0], other[0][0])]
    if other[0][1].get("pooled_output") is not None:
        found.append(differ(one[0][1]["pooled_output"], other[0][1]["pooled_output"]))
    return max(found)


def load(model, clip, wiring: str, strength: float, neg: float = 0.0, cfg: float = 9.0):
    node = nodes.NODE_CLASS_MAPPINGS["NegGuardLoraLoader"]()
    made = node.run(model, clip, STYLE, strength, strength, wiring, neg, NEGATIVE, cfg)
    return made["result"]


def nodes_by_hand(model, clip) -> dict[str, float]:
    from importlib import import_module

    package = nodes.NODE_CLASS_MAPPINGS["NegGuardLoraLoader"].__module__
    wirings = import_module(package)
    found = {}
    base = [encoded(clip, text) for text in (POSITIVE, NEGATIVE)]

    # A: −0.9 is held at −0.5 and CFG 9 at 6.
    a_model, a_clip, a_negative, text, cfg, _ = load(model, clip, wirings.A, -0.9)
    found["A cfg"], found["A text"] = cfg, float(text == NEGATIVE)
    ours = [encoded(a_clip, POSITIVE), encoded(a_negative, text)]
    picture = sampled(a_model, *ours, cfg)
    with by_hand(model, clip, -0.5, -0.5):
        hand = [encoded(clip, POSITIVE), encoded(clip, NEGATIVE)]
        found["A moves"] = differ(hand[0][0][0], base[0][0][0])
        found["A cond"] = max(map(conds_differ, ours, hand))
        found["A picture"] = differ(picture, sampled(model, *hand, 6.0))

    # B: the text encoder of the negative prompt alone, at +0.5; CFG stays.
    b_model, b_clip, b_negative, text, cfg, _ = load(model, clip, wirings.B, -0.9)
    found["B cfg"] = cfg
    found["B model is untouched"] = float(b_model is model and b_clip is clip)
    ours = [encoded(b_clip, POSITIVE), encoded(b_negative, text)]
    picture = sampled(b_model, *ours, cfg)
    with by_hand(model, clip, 0.0, 0.5):
        negative = encoded(clip, NEGATIVE)
        found["B cond"] = conds_differ(ours[1], negative)
        found["B positive"] = conds_differ(ours[0], base[0])
    found["B picture"] = differ(picture, sampled(model, base[0], negative, 9.0))

    # neg: 0.8 on the positive branch, 0.3 on the negative one.
    n_model, n_clip, n_negative, text, cfg, _ = load(model, clip, wirings.NEG, 0.8, 0.3)
    ours = [encoded(n_clip, POSITIVE), encoded(n_negative, text)]
    picture = sampled(n_model, *ours, cfg)
    with by_hand(model, clip, 0.8, 0.8):
        positive = encoded(clip, POSITIVE)
        for_positive = sampled(model, positive, positive, 1.0)
    with by_hand(model, clip, 0.3, 0.3):
        negative = encoded(clip, NEGATIVE)
        for_negative = sampled(model, negative, negative, 1.0)
    found["neg cond"] = max(map(conds_differ, ours, [positive, negative]))
    found["neg picture"] = differ(picture, for_negative + cfg * (for_positive - for_negative))

    # A mask of blocks that was saved with the LoRA, on the model and through hooks.
    base_text = [encoded(clip, text) for text in (POSITIVE, NEGATIVE)]
    save_mask("-OUT")
    m_model, m_clip, m_negative, text, cfg, report = load(model, clip, wirings.A, 0.8)
    found["mask is said"] = float("-OUT" in report)
    picture = sampled(m_model, encoded(m_clip, POSITIVE), encoded(m_negative, text), cfg)
    h_model, h_clip, h_negative, text, cfg, _ = load(model, clip, wirings.NEG, 0.8, 0.8)
    hooked = sampled(h_model, encoded(h_clip, POSITIVE), encoded(h_negative, text), cfg)
    outputs = ("output_blocks", "up_blocks")
    with by_hand(model, clip, 0.8, 0.8):
        whole = sampled(model, encoded(clip, POSITIVE), encoded(clip, NEGATIVE), cfg)
    with by_hand(model, clip, 0.8, 0.8, outputs):
        hand = sampled(model, encoded(clip, POSITIVE), encoded(clip, NEGATIVE), cfg)
    found["mask picture"] = differ(picture, hand)
    found["mask picture through hooks"] = differ(hooked, hand)
    found["mask moves"] = differ(whole, hand)
    found["mask leaves the base"] = max(
        conds_differ(encoded(clip, text), before)
        for text, before in zip((POSITIVE, NEGATIVE), base_text, strict=True)
    )
    save_mask("")
    return found


def save_mask(mask: str) -> None:
    """Keep a mask of blocks beside the LoRA, as the library of any host does."""
    side = Path(LORAS) / Path(STYLE).with_suffix(".json").name
    record = json.loads(side.read_text()) if side.exists() else {}
    record["lora_neg"] = {"schema": 1, "blocks": mask}
    side.write_text(json.dumps(record))
    time.sleep(LOOKED_AT_AGAIN)


def run_workflow(path: str) -> dict[str, np.ndarray]:
    """Run a workflow as the server would, up to its first sampler's first step."""
    prompt = json.loads(Path(path).read_text())
    outputs: dict[str, tuple] = {}
    for number, node in prompt.items():
        kind = node["class_type"]
        values = {
            name: outputs[value[0]][value[1]] if isinstance(value, list) else value
            for name, value in node["inputs"].items()
        }
        if kind == "KSampler":
            return first_step(values)
        made = nodes.NODE_CLASS_MAPPINGS[kind]()
        outputs[number] = getattr(made, made.FUNCTION)(**values)
    raise AssertionError("no sampler")


def first_step(values: dict) -> dict[str, np.ndarray]:
    seen: dict[str, np.ndarray] = {}

    def look(step: dict) -> torch.Tensor:
        if not seen:
            for name in ("input", "sigma", "cond_denoised", "uncond_denoised"):
                seen[name] = step[name].float().cpu().numpy()
        return step["denoised"]

    model = values["model"].clone()
    model.set_model_sampler_post_cfg_function(look)
    sampler = nodes.NODE_CLASS_MAPPINGS["KSampler"]()
    sampler.sample(**{**values, "model": model, "steps": values["steps"]})
    for side in ("positive", "negative"):
        cond, more = values[side][0]
        seen[side] = cond.float().cpu().numpy()
        if more.get("pooled_output") is not None:
            seen[f"{side}_pooled"] = more["pooled_output"].float().cpu().numpy()
    return seen


def main() -> None:
    prepare()
    with torch.inference_mode(False), torch.no_grad():
        if WORKFLOWS:
            np.savez(OUTPUT, **run_workflow(WORKFLOWS[0]))
            return
        model, clip, _ = nodes.CheckpointLoaderSimple().load_checkpoint(Path(CHECKPOINT).name)
        Path(OUTPUT).write_text(json.dumps(nodes_by_hand(model, clip)))


main()
