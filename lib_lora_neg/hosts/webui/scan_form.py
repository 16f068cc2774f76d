"""What a scan begins with: the selected checkpoint, and the user's own defaults for txt2img."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...loras.families import ModelFamily
from ...regular import read_regular
from ...scan.ports import Sampling
from ...scan.workplace import Checkpoint
from ..scanning import ScanForm
from .checkpoint import loaded_model, selected_family, selected_info

_SMALL = frozenset({ModelFamily.SD1, ModelFamily.SD2})
"""Families made for 512 × 512; later ones are made for about a megapixel."""

_PRESETS = {
    ModelFamily.SD1: "sd",
    ModelFamily.SD2: "sd",
    ModelFamily.SDXL: "xl",
    ModelFamily.FLUX: "flux",
}
"""Forge keeps defaults per family under these prefixes."""

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
    preset = _PRESETS.get(family, "")

    def of_family(name: str, default: Any) -> Any:
        """Return Forge's default for the family, else the host's."""
        own = getattr(opts, f"{preset}_t2i_{name}", None) if preset else None
        return own if own not in (None, "") else default

    side = 512 if family in _SMALL else 1024
    # Where sizes go by family, the saved one may be another family's.
    by_family = of_family("width", None) is not None
    model = loaded_model()
    distilled = getattr(model, "use_distilled_cfg_scale", family is ModelFamily.FLUX)
    sampling = Sampling(
        cfg=max(1.0, float(of_family("cfg", defaults.number("CFG Scale", 7.0)))),
        steps=max(1, round(defaults.number("Sampling steps", 20))),
        width=side if by_family else defaults.side("Width", side),
        height=side if by_family else defaults.side("Height", side),
        sampler=str(of_family("sampler", defaults.text("Sampling method"))),
        scheduler=str(of_family("scheduler", defaults.text("Schedule type"))),
        distilled_cfg=float(of_family("d_cfg", 3.5)) if distilled else None,
    )
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

    def number(self, label: str, default: float) -> float:
        value = self.get(label)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return float(value) if is_number else default

    def side(self, label: str, usual: int) -> int:
        """Return a side that the user has saved; the usual one where it is the host's own 512."""
        saved = round(self.number(label, 512))
        return usual if saved == 512 else saved

    def text(self, label: str) -> str:
        value = self.get(label)
        return value if isinstance(value, str) else ""
