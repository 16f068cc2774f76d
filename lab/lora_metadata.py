"""The metadata that kohya's scripts would have written for a LoRA of the lab, with real counts."""

from __future__ import annotations

import json
from collections import Counter

from lab.lora_recipes import Recipe


def _tag_counts(texts: list[str]) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(tag.strip().lower() for tag in text.split(",") if tag.strip())
    return dict(counts)


def _dataset(recipe: Recipe, counts: dict[str, int], batch: int) -> dict[str, object]:
    class_tokens = recipe.folder.split("_", 1)[1]
    subset = {
        "img_count": recipe.pictures,
        "num_repeats": recipe.repeats,
        "color_aug": False,
        "flip_aug": False,
        "random_crop": False,
        "shuffle_caption": True,
        "keep_tokens": 1 if recipe.trigger else 0,
        "image_dir": recipe.folder,
        "class_tokens": class_tokens,
        "is_reg": False,
    }
    regular = {**subset, "num_repeats": 1, "image_dir": "1_reg", "class_tokens": "reg"}
    subsets = (
        [subset, {**regular, "is_reg": True, "keep_tokens": 0}] if recipe.regular else [subset]
    )
    return {
        "is_dreambooth": True,
        "batch_size_per_device": batch,
        "num_train_images": recipe.pictures * recipe.repeats,
        "num_reg_images": recipe.pictures if recipe.regular else 0,
        "resolution": [64, 64],
        "enable_bucket": False,
        "tag_frequency": {recipe.folder: counts},
        "bucket_info": None,
        "subsets": subsets,
    }


def kohya_metadata(
    recipe: Recipe, texts: list[str], seed: int, alpha: float, rate: float, batch: int
) -> dict[str, str]:
    """Return safetensors metadata, all values text as kohya writes them."""
    architecture = {
        "modelspec.sai_model_spec": "1.0.0",
        "modelspec.architecture": "stable-diffusion-v1/lora",
        "modelspec.implementation": "diffusers",
        "modelspec.title": recipe.name,
        "modelspec.description": recipe.description,
        "modelspec.tags": recipe.tags,
        "modelspec.resolution": "64x64",
        "modelspec.prediction_type": "v",
    }
    if recipe.trigger:
        architecture["modelspec.trigger_phrase"] = recipe.trigger
    if recipe.usage:
        architecture["modelspec.usage_hint"] = recipe.usage
    network = {
        "ss_network_module": "networks.lora",
        "ss_network_dim": str(recipe.rank),
        "ss_network_alpha": str(alpha),
        "ss_base_model_version": "sd_v1",
        "ss_v2": "False",
        "ss_sd_model_name": "lab/world",
        "ss_output_name": recipe.name,
        "ss_unet_lr": str(rate),
        "ss_text_encoder_lr": str(rate) if recipe.text else "None",
        "ss_steps": str(recipe.steps),
        "ss_max_train_steps": str(recipe.steps),
        "ss_seed": str(seed),
    }
    if recipe.slider:
        # Sliders are made from words; there are no captions to count.
        return {**network, **architecture}
    counts = _tag_counts(texts)
    images = recipe.pictures * recipe.repeats
    data = {
        "ss_num_train_images": str(images),
        "ss_num_reg_images": str(recipe.pictures if recipe.regular else 0),
        "ss_num_batches_per_epoch": str(-(-images // batch)),
        "ss_num_epochs": str(-(-recipe.steps * batch // images)),
        "ss_shuffle_caption": "True",
        "ss_keep_tokens": "1" if recipe.trigger else "0",
        "ss_clip_skip": "None",
        "ss_caption_dropout_rate": "0.08",
        "ss_resolution": "(64, 64)",
        "ss_tag_frequency": json.dumps({recipe.folder: counts}),
        "ss_dataset_dirs": json.dumps(
            {recipe.folder: {"n_repeats": recipe.repeats, "img_count": recipe.pictures}}
        ),
        "ss_reg_dataset_dirs": json.dumps(
            {"1_reg": {"n_repeats": 1, "img_count": recipe.pictures}} if recipe.regular else {}
        ),
        "ss_datasets": json.dumps([_dataset(recipe, counts, batch)]),
    }
    return {**network, **data, **architecture}
