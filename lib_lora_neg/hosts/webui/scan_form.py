"""What a scan begins with: the selected checkpoint, and the user's own defaults for txt2img."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ...loras.families import ModelFamily
from ...regular import read_regular
from ...scan.usual import usual_sampling
from ...scan.workplace import Checkpoint
from ..scanning import ScanForm
from .checkpoint import loaded_model, selected_family, selected_info

_PRESETS = {
    ModelFamily.SD1: "sd",
    ModelFamily.SD2: "sd",
    ModelFamily.SDXL: "xl",
    ModelFamily.FLUX: "flux",
    ModelFamily.FLUX2: "klein",
    ModelFamily.QWEN: "qwen",
    ModelFamily.LUMINA: "lumina",
    ModelFamily.ZIMAGE: "zit",
    ModelFamily.WAN: "wan",
    ModelFamily.ANIMA: "anima",
    ModelFamily.ERNIE: "ernie",
    ModelFamily.KREA: "krea",
}
"""Forge and Neo keep defaults per family under these prefixes."""

_HOSTS_OWN = {"CFG Scale": 7.0, "Sampling steps": 20.0, "Width": 512.0, "Height": 512.0}
"""What the host itself writes into a new file of defaults, whatever the checkpoint: nobody's
choice."""

_WITHOUT_INFLUENCE = frozenset(
    {"sd_model_checkpoint", "face_restoration", "tiling", "sd_lora"}
    | {"img2img_extra_noise", "initial_noise_multiplier", "inpainting_mask_weight"}
    | {"hires_fix_refiner_pass", "token_merging_ratio_hr", "sd_vae_encode_method"}
)
"""Options that the host writes into infotexts and that cannot touch the pictures of a scan."""

_MORE_FACTS = ("forge_additional_modules", "forge_unet_storage_dtype")
"""Forge's loading options; it writes them into infotexts by other means."""


def chosen_checkpoint() -> Checkpoint | None:
    """Return the checkpoint that the next generation uses, without loading it.

    A file that the host has never loaded is read once, for its hash.
    """
    info = selected_info()
    if info is None:
        return None
    if not info.shorthash:
        info.calculate_shorthash()
    digest = info.shorthash or info.hash  # the host may run with hashing switched off
    return Checkpoint(str(info.name_for_extra), str(digest), selected_family()[0], facts())


def facts() -> tuple[tuple[str, str], ...]:
    """Return what else decides the pictures: the options that the host writes into infotexts,
    where they are not the default."""
    from modules.shared import opts

    found = {}
    for key, info in opts.data_labels.items():
        label = getattr(info, "infotext", None)
        if key in _WITHOUT_INFLUENCE or not (label or key in _MORE_FACTS):
            continue
        value = getattr(opts, key)
        if value != info.default and value not in (None, "", []):
            found[str(label or info.label)] = _plain(value)
    modules = opts.data.get("forge_additional_modules")
    if modules:
        found["Modules"] = _plain(modules)
    return tuple(sorted(found.items()))


def _plain(value: object) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def form() -> ScanForm:
    """Return what the tab's form begins with."""
    from modules import sd_samplers
    from modules.shared import opts

    defaults, family = _Defaults.read(), selected_family()[0]
    distilled = getattr(loaded_model(), "use_distilled_cfg_scale", None)
    usual = usual_sampling(family, distilled=distilled)
    preset = _PRESETS.get(family, "")

    def of_family(*names: str) -> Any:
        """Return Forge's default for the family; ``None`` where it has none."""
        found = (getattr(opts, f"{preset}_t2i_{name}", None) for name in names if preset)
        return next((own for own in found if own not in (None, "")), None)

    def text(name: str, label: str) -> str:
        return str(of_family(name) or defaults.text(label))

    # Where sizes go by family, the saved one may be another family's.
    by_family = of_family("width") is not None
    sampling = replace(
        usual,
        cfg=max(1.0, float(of_family("cfg") or defaults.number("CFG Scale", usual.cfg))),
        steps=max(1, round(of_family("step") or defaults.number("Sampling steps", usual.steps))),
        sampler=text("sampler", "Sampling method"),
        scheduler=text("scheduler", "Schedule type"),
    )
    if not by_family:
        sampling = replace(
            sampling,
            width=round(defaults.number("Width", usual.width)),
            height=round(defaults.number("Height", usual.height)),
        )
    if usual.distilled_cfg is not None:
        guidance = of_family("d_cfg", "dcfg")  # Forge's name, Neo's name
        sampling = replace(sampling, distilled_cfg=float(guidance or usual.distilled_cfg))
    return ScanForm(
        sampling,
        defaults.text("Negative prompt"),
        [sampler.name for sampler in sd_samplers.samplers],
        _schedulers(),
    )


def _schedulers() -> list[str]:
    try:
        from modules import sd_schedulers
    except ImportError:
        return []
    return [str(scheduler.label) for scheduler in sd_schedulers.schedulers]


@dataclass(frozen=True)
class _Defaults:
    """The host's file of saved defaults for txt2img, by the labels of its inputs."""

    values: Mapping[str, Any]

    @classmethod
    def read(cls) -> _Defaults:
        from modules.shared import cmd_opts

        try:
            values = json.loads(read_regular(cmd_opts.ui_config_file))
        except (OSError, ValueError, RecursionError, TypeError, AttributeError):
            values = {}
        return cls(values if isinstance(values, dict) else {})

    def get(self, label: str) -> Any:
        # Sampler and steps are a script of the host's own, since 1.8.
        for prefix in ("customscript/sampler.py/txt2img", "txt2img"):
            value = self.values.get(f"{prefix}/{label}/value")
            if value is not None:
                return value
        return None

    def number(self, label: str, usual: float) -> float:
        """Return a number that the user has saved; the usual one where it is the host's own."""
        value = self.get(label)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return usual if not is_number or value == _HOSTS_OWN[label] else float(value)

    def text(self, label: str) -> str:
        value = self.get(label)
        return value if isinstance(value, str) else ""
