"""Two LoRAs against each other: overlap, agreement and the layers that they fight about."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from lib_lora_neg.cli import main
from lib_lora_neg.loras import LoraFileError
from lib_lora_neg.loras.reading.conflict import measure_conflict

Layer = tuple[np.ndarray, np.ndarray]
KOHYA = "lora_unet_down_blocks_1_attentions_0_proj_in"
DOTTED = "unet.down_blocks.1.attentions.0.proj_in"
OTHER = "lora_unet_mid_block_attentions_0_proj_in"


def layer(seed: int, inputs: int = 6, outputs: int = 5, rank: int = 2) -> Layer:
    rng = np.random.default_rng(seed)
    return (
        rng.normal(size=(rank, inputs)).astype(np.float32),
        rng.normal(size=(outputs, rank)).astype(np.float32),
    )


def save(path: Path, layers: dict[str, Layer], alpha: float | None = None) -> Path:
    tensors = {}
    for module, (down, up) in layers.items():
        peft = "." in module
        tensors[f"{module}.{'lora_A' if peft else 'lora_down'}.weight"] = down
        tensors[f"{module}.{'lora_B' if peft else 'lora_up'}.weight"] = up
        if alpha is not None:
            tensors[f"{module}.alpha"] = np.array(alpha, np.float32)
    save_file(tensors, path)
    return path


def dense(own: Layer, scale: float = 1.0) -> np.ndarray:
    return scale * own[1] @ own[0]


def test_the_figures_are_those_of_the_whole_deltas(tmp_path: Path) -> None:
    one, two = layer(1), layer(2)
    first = save(tmp_path / "a.safetensors", {KOHYA: one}, alpha=1.0)
    second = save(tmp_path / "b.safetensors", {KOHYA: two})
    found = measure_conflict(first, second)
    a, b = dense(one, 0.5), dense(two)
    (only,) = found.layers
    scale = np.linalg.norm(a) * np.linalg.norm(b)
    assert only.cosine == pytest.approx((a * b).sum() / scale, abs=1e-5)
    assert only.overlap == pytest.approx(np.abs(a * b).sum() / scale, abs=1e-5)
    same = np.abs(a * b)[a * b > 0].sum() / np.abs(a * b).sum()
    assert only.agreement == pytest.approx(same, abs=1e-5)
    assert found.norms == pytest.approx((np.linalg.norm(a), np.linalg.norm(b)), rel=1e-5)
    assert found.cosine == pytest.approx(only.cosine, abs=1e-5)
    for weights in ((1.0, 1.0), (0.8, -0.3)):
        summed = np.linalg.norm(weights[0] * a + weights[1] * b)
        assert found.length(*weights) == pytest.approx(summed, rel=1e-4)


@pytest.mark.parametrize(
    ("sign", "weights", "fights"),
    [
        (1, (1.0, 1.0), False),
        (1, (1.0, -0.5), True),
        (-1, (1.0, 1.0), True),
        (-1, (-0.3, 0.8), False),
        (-1, (-1.0, -1.0), True),
    ],
)
def test_who_pulls_against_whom_depends_on_the_weights(
    tmp_path: Path, sign: int, weights: tuple[float, float], fights: bool
) -> None:
    down, up = layer(1)
    first = save(tmp_path / "a.safetensors", {KOHYA: (down, up), OTHER: layer(3)})
    second = save(tmp_path / "b.safetensors", {KOHYA: (down, sign * up)})
    found = measure_conflict(first, second)
    assert found.layers[0].cosine == pytest.approx(sign, abs=1e-5)
    assert found.layers[0].overlap == pytest.approx(1, abs=1e-5)
    assert [own.module for own in found.opposed(*weights)] == [KOHYA] * fights
    assert found.alone == 1


def test_unrelated_deltas_do_not_fight(tmp_path: Path) -> None:
    first = save(tmp_path / "a.safetensors", {KOHYA: layer(1, 400, 300, 4)})
    second = save(tmp_path / "b.safetensors", {KOHYA: layer(2, 400, 300, 4)})
    found = measure_conflict(first, second)
    assert abs(found.cosine) < 0.05
    assert not found.opposed(1, 1)
    assert not found.opposed(1, -1)


def test_layouts_are_compared_by_what_they_name(tmp_path: Path) -> None:
    own = layer(1)
    first = save(tmp_path / "a.safetensors", {KOHYA: own})
    second = save(tmp_path / "b.safetensors", {DOTTED: own})
    assert measure_conflict(first, second).cosine == pytest.approx(1, abs=1e-5)


def test_what_cannot_be_compared(tmp_path: Path) -> None:
    first = save(tmp_path / "a.safetensors", {KOHYA: layer(1), OTHER: layer(2)})
    wide = save(tmp_path / "wide.safetensors", {KOHYA: layer(1, 7), OTHER: layer(2)})
    assert measure_conflict(first, wide).passed_over == 1
    apart = save(tmp_path / "apart.safetensors", {"lora_unet_up_blocks_0_x": layer(1)})
    with pytest.raises(LoraFileError, match="shares no layer"):
        measure_conflict(first, apart)
    (tmp_path / "broken.safetensors").write_bytes(b"12345678")
    with pytest.raises(LoraFileError):
        measure_conflict(first, tmp_path / "broken.safetensors")


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    down, up = layer(1)
    first = save(tmp_path / "ink.safetensors", {KOHYA: (down, up)})
    second = save(tmp_path / "wash.safetensors", {KOHYA: (down, -up)})
    assert main(["conflict", str(first), str(second)]) == 0
    assert "ink at 1 and wash at 1 pull 1 of 1 common layers" in capsys.readouterr().out
    assert main(["conflict", str(first), str(second), "--at", "0.5", "-0.5"]) == 0
    assert "do not pull against each other" in capsys.readouterr().out
    assert main(["conflict", str(first), str(second), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["layers"][0]["opposed"] is True
    assert told["cosine"] == pytest.approx(-1)
    assert main(["conflict", str(first), str(tmp_path / "no.safetensors")]) == 2
    assert "no.safetensors" in capsys.readouterr().err
