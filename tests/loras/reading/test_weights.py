"""Ranks and energies of LoRAs whose matrices were made to have them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("safetensors")
from safetensors.numpy import save_file

from lib_lora_neg.loras import LoraFileError, LoraType, ModelFamily
from lib_lora_neg.loras.reading import weights as module
from lib_lora_neg.loras.reading.weights import WeightFacts, measure_weights, type_from_weights

STYLE = "lora_unet_up_blocks_0_attentions_1_proj_in"
CONTENT = "lora_unet_up_blocks_0_attentions_0_proj_in"


def pair(name: str, singular: list[float], rank: int, alpha: float | None = None) -> dict:
    """A layer whose delta has exactly these singular values."""
    rng = np.random.default_rng(len(name))
    left, _ = np.linalg.qr(rng.normal(size=(40, rank)))
    right, _ = np.linalg.qr(rng.normal(size=(30, rank)))
    values = np.array([*singular, *[0.0] * (rank - len(singular))])
    tensors = {
        f"{name}.lora_up.weight": (left * values).astype(np.float32),
        f"{name}.lora_down.weight": np.ascontiguousarray(right.T).astype(np.float32),
    }
    if alpha is not None:
        tensors[f"{name}.alpha"] = np.array(alpha, dtype=np.float32)
    return tensors


def write(path: Path, *parts: dict) -> Path:
    tensors = {name: value for part in parts for name, value in part.items()}
    save_file(tensors, path)
    return path


@pytest.mark.parametrize(
    ("singular", "expected"), [([2.0], 1.0), ([1.0] * 4, 4.0), ([3.0] * 8, 8.0)]
)
def test_the_effective_rank_is_the_number_of_equal_directions(
    tmp_path: Path, singular: list[float], expected: float
) -> None:
    facts = measure_weights(write(tmp_path / "a.safetensors", pair(STYLE, singular, 8)))
    assert facts.effective_rank == pytest.approx(expected, rel=1e-3)
    assert (facts.rank, facts.layers, facts.passed_over) == (8, 1, 0)


def test_energy_is_that_of_the_scaled_delta(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.safetensors",
        pair(STYLE, [2.0], 4, alpha=2.0),
        pair(CONTENT, [1.0], 4, alpha=4.0),
        pair("lora_te1_text_model_encoder_layers_0_mlp_fc1", [1.0], 4, alpha=4.0),
    )
    energy = measure_weights(path).energy
    assert energy == pytest.approx(
        {
            "up_blocks.0.attentions.1": 1 / 3,
            "up_blocks.0.attentions.0": 1 / 3,
            "text encoder": 1 / 3,
        }
    )


def test_every_element_type_reads_alike(tmp_path: Path) -> None:
    tensors = pair(STYLE, [1.0, 0.5], 4)
    plain = measure_weights(write(tmp_path / "a.safetensors", tensors))
    half = {name: value.astype(np.float16) for name, value in tensors.items()}
    assert measure_weights(write(tmp_path / "b.safetensors", half)).effective_rank == (
        pytest.approx(plain.effective_rank, rel=1e-2)
    )
    raw = (tmp_path / "a.safetensors").read_bytes()
    length = int.from_bytes(raw[:8], "little")
    header = raw[8 : 8 + length].decode()
    upper = b"".join(raw[8 + length :][at : at + 2] for at in range(2, len(raw) - 8 - length, 4))
    ends = {f"{n * 4}": f"{n * 2}" for n in (120, 160, 280)}
    for old, new in ends.items():
        header = header.replace(f"{old}]", f"{new}]").replace(f"[{old},", f"[{new},")
    header = header.replace('"F32"', '"BF16"')
    body = header.encode() + b" " * (-len(header) % 8)
    path = tmp_path / "c.safetensors"
    path.write_bytes(len(body).to_bytes(8, "little") + body + upper)
    assert measure_weights(path).effective_rank == pytest.approx(plain.effective_rank, rel=2e-2)


def test_layers_that_are_only_numbered(tmp_path: Path) -> None:
    """cloneofsimo's first scripts call them ``unet:0:up``."""
    tensors = pair("x", [1.0, 1.0], 4)
    named = {"unet:0:up": tensors["x.lora_up.weight"], "unet:0:down": tensors["x.lora_down.weight"]}
    found = measure_weights(write(tmp_path / "a.safetensors", named))
    assert found.effective_rank == pytest.approx(2.0, rel=1e-3)
    assert list(found.energy) == ["other layers"]


def test_what_cannot_be_measured_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = pair(CONTENT, [1.0], 4)
    broken[f"{CONTENT}.lora_up.weight"][0, 0] = np.nan
    loha = {"x.hada_w1_a": np.ones((4, 4), np.float32), "x.hada_w1_b": np.ones((4, 4), np.float32)}
    path = write(tmp_path / "a.safetensors", pair(STYLE, [1.0], 4), broken, loha)
    facts = measure_weights(path)
    assert (facts.layers, facts.passed_over) == (1, 4)
    monkeypatch.setattr(module, "MAX_ELEMENTS", 10)
    with pytest.raises(LoraFileError, match="could be measured"):
        measure_weights(path)


def facts(effective: float, **energy: float) -> WeightFacts:
    named = {key.replace("__", "."): value for key, value in energy.items()}
    return WeightFacts(10, 0, 8, effective, named)


@pytest.mark.parametrize(
    ("measured", "kind"),
    [
        (facts(1.2, mid_block=1.0), LoraType.SLIDER),
        (
            facts(5.0, up_blocks__0__attentions__1=0.6, up_blocks__0__attentions__0=0.1),
            LoraType.STYLE,
        ),
        (
            facts(5.0, up_blocks__0__attentions__1=0.1, up_blocks__0__attentions__0=0.6),
            LoraType.CHARACTER,
        ),
        (
            facts(5.0, up_blocks__0__attentions__1=0.3, up_blocks__0__attentions__0=0.3),
            LoraType.UNKNOWN,
        ),
    ],
)
def test_weights_only_lean_to_a_type(measured: WeightFacts, kind: LoraType) -> None:
    leaning = type_from_weights(measured, ModelFamily.SDXL)
    assert leaning.type is kind
    assert leaning.confidence <= 0.5
    assert leaning.reasons
