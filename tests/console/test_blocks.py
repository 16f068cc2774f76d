"""``lora-neg blocks``: a mask of blocks kept with a LoRA file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lib_lora_neg.cli import main
from lib_lora_neg.samples.files import write_lora
from lib_lora_neg.samples.loras import sample_loras


@pytest.fixture
def lora(tmp_path: Path) -> Path:
    sample = next(item for item in sample_loras() if item.name == "gouache_poster")
    write_lora(tmp_path, sample)
    return tmp_path / "gouache_poster.safetensors"


def shown(lora: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    capsys.readouterr()
    assert main(["blocks", str(lora), "--json"]) == 0
    return dict(json.loads(capsys.readouterr().out))


def test_it_is_kept_beside_the_lora_and_obeyed(
    lora: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = json.loads(lora.with_suffix(".json").read_text()) if _has_side(lora) else {}
    assert main(["blocks", str(lora), "--set=-out3 -MID"]) == 0
    assert "-OUT3-MID" in capsys.readouterr().out
    found = shown(lora, capsys)
    assert found["mask"] == "-OUT3-MID"
    assert "OUT3" not in found["kept"]
    beside = json.loads(lora.with_suffix(".json").read_text())
    assert {key: beside[key] for key in before} == before
    check = ["check", "--lora-dir", str(lora.parent), "--family", "sdxl", "--json"]
    assert main([*check, "--prompt", "<lora:gouache_poster:0.8>"]) == 1
    assert "<lora:gouache_poster:0.8:blocks=-OUT3-MID>" in capsys.readouterr().out
    assert main(["blocks", str(lora), "--clear"]) == 0
    assert shown(lora, capsys)["mask"] == ""
    assert main([*check, "--prompt", "<lora:gouache_poster:0.8>"]) == 0


def _has_side(lora: Path) -> bool:
    return lora.with_suffix(".json").exists()


@pytest.mark.parametrize("mask", ["-OUT9", "-S7", "OUT3", "+IN+MID+OUT-IN-MID-OUT"])
def test_what_means_nothing_for_the_lora_is_refused(
    lora: Path, mask: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["blocks", str(lora), f"--set={mask}"]) == 2
    assert capsys.readouterr().err.startswith("lora-neg: ")
    assert shown(lora, capsys)["mask"] == ""


def test_a_missing_file_is_said_and_the_others_are_done(
    lora: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["blocks", str(lora.with_name("none.safetensors")), str(lora)]) == 2
    told = capsys.readouterr()
    assert "none.safetensors" in told.err
    assert "gouache_poster" in told.out
