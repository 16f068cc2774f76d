"""What ComfyUI's hooks cost for the same: one LoRA on one branch of guidance alone.

    COMFY_PYTHON bench/branches_comfy.py COMFY_ROOT [--side 64] [--pairs 3]

Runs in ComfyUI's own Python. A U-Net of SD 1's size with random weights samples the same steps
with a LoRA of rank 32 loaded into the model, and with the LoRA as a hook of the prompt's
conditioning, as an exported ``neg=0`` has it; the figure is the second over the first, by CPU time
on one thread. `bench/branches.py` measures this project's own way.
"""

from __future__ import annotations

import statistics
import sys
import time

ROOT, *OPTIONS = sys.argv[1:]
sys.argv = [sys.argv[0], "--cpu", "--force-fp32", "--fp32-unet"]
sys.path[0] = ROOT

import comfy.options  # noqa: E402

comfy.options.enable_args_parsing()

import comfy.hooks  # noqa: E402
import comfy.lora  # noqa: E402
import comfy.model_management  # noqa: E402
import comfy.model_patcher  # noqa: E402
import comfy.sample  # noqa: E402
import comfy.sd  # noqa: E402
import comfy.supported_models  # noqa: E402
import torch  # noqa: E402

RANK, WEIGHT, STEPS = 32, 0.8, 3


def option(name: str, default: int) -> int:
    return int(OPTIONS[OPTIONS.index(name) + 1]) if name in OPTIONS else default


def main() -> None:
    torch.set_num_threads(1)
    side, pairs = option("--side", 64), option("--pairs", 3)
    with torch.inference_mode():
        model = random_model()
        lora = random_lora(model)
        ratios = [hooked(model, lora, side) / merged(model, lora, side) for _ in range(pairs)]
    print(
        f"hooks, rank {RANK}: {statistics.median(ratios):.3f} of the plain LoRA "
        f"({min(ratios):.3f} to {max(ratios):.3f}; latent {side} x {side}, {STEPS} steps)"
    )


def random_model():
    """Return SD 1's U-Net in ComfyUI's hands."""
    config = comfy.supported_models.SD15(
        {
            "image_size": 32, "in_channels": 4, "out_channels": 4, "model_channels": 320,
            "num_res_blocks": [2, 2, 2, 2], "channel_mult": [1, 2, 4, 4], "num_heads": 8,
            "use_spatial_transformer": True, "transformer_depth": [1, 1, 1, 1, 1, 1, 0, 0],
            "transformer_depth_output": [1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0],
            "transformer_depth_middle": 1, "context_dim": 768, "legacy": False,
            "use_linear_in_transformer": False, "adm_in_channels": None,
            "use_temporal_attention": False,
        }
    )  # fmt: skip
    config.set_inference_dtype(torch.float32, None)
    model = config.get_model({}, "")
    torch.manual_seed(0)
    for weight in model.diffusion_model.parameters():
        weight.data = torch.randn_like(weight) * 0.02
    device = comfy.model_management.get_torch_device()
    return comfy.model_patcher.ModelPatcher(model, device, torch.device("cpu"))


def random_lora(model) -> dict[str, torch.Tensor]:
    """Return a LoRA on all layers of the transformers, as trainers make them."""
    made = {}
    for key, place in comfy.lora.model_lora_keys_unet(model.model, {}).items():
        if not key.startswith("lora_unet_") or "attentions" not in key:
            continue
        weight = comfy.utils.get_attr(model.model, place)
        if weight.dim() < 2:  # a norm
            continue
        outputs, inputs, *kernel = weight.shape
        made[f"{key}.lora_down.weight"] = torch.randn(RANK, inputs, *kernel) * 0.01
        made[f"{key}.lora_up.weight"] = torch.randn(outputs, RANK, *[1] * len(kernel)) * 0.01
        made[f"{key}.alpha"] = torch.tensor(float(RANK))
    return made


def conditioning(hooks=None) -> list:
    return [[torch.randn(1, 77, 768), {} if hooks is None else {"hooks": hooks}]]


def merged(model, lora, side: int) -> float:
    with_lora, _ = comfy.sd.load_lora_for_models(model, None, lora, WEIGHT, 0.0)
    return clocked(with_lora, conditioning(), conditioning(), side)


def hooked(model, lora, side: int) -> float:
    group = comfy.hooks.create_hook_lora(lora=lora, strength_model=WEIGHT, strength_clip=0.0)
    return clocked(model.clone(), conditioning(group), conditioning(), side)


def clocked(model, positive, negative, side: int) -> float:
    """Return the CPU seconds that steps cost, loading and preparing left out."""
    seconds = []
    for steps in (1, 1 + STEPS):
        latent = torch.zeros(1, 4, side, side)
        noise = comfy.sample.prepare_noise(latent, 1)
        start = time.process_time()
        comfy.sample.sample(
            model, noise, steps, 7.0, "euler", "normal", positive, negative, latent,
            disable_pbar=True,
        )  # fmt: skip
        seconds.append(time.process_time() - start)
    comfy.model_management.unload_all_models()
    return seconds[1] - seconds[0]


if __name__ == "__main__":
    main()
