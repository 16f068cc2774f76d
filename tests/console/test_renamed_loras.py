"""LoRAs of a picture that have another name on this disk: by hash, and by version on Civitai."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from tests.support.commands import Run, objects


@pytest.fixture
def renamed(tmp_path: Path) -> Path:
    """A folder with a style whose file has a hash, a version on Civitai and a new name."""
    numpy = pytest.importorskip("numpy")
    save = pytest.importorskip("safetensors.numpy").save_file
    stem = "lora_unet_input_blocks_4_1_transformer_blocks_0_attn2_to_k"
    tensors = {
        f"{stem}.lora_down.weight": numpy.ones((4, 2048), numpy.float32),
        f"{stem}.lora_up.weight": numpy.ones((640, 4), numpy.float32),
    }
    folder = tmp_path / "renamed"
    folder.mkdir()
    save(tensors, folder / "NewName.safetensors", {"sshs_model_hash": "0123456789ab" + "c" * 52})
    page = {
        "id": 135867,
        "modelId": 2,
        "baseModel": "SDXL 1.0",
        "trainedWords": [],
        "model": {"name": "Ink style", "type": "LORA", "tags": ["style"]},
    }
    (folder / "NewName.civitai.info").write_text(json.dumps(page), encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("more", "prompt"),
    [
        ('Lora hashes: "OldName: 0123456789ab"', "a <lora:NewName:-0.9>"),
        ('Lora hashes: "OldName: 0123456789AB, b: ffffffffffff"', "a <lora:NewName:-0.9>"),
        ('Lora hashes: "OldName: ffffffffffff"', "a <lora:OldName:-0.9>"),
        ('Lora hashes: "OldName: 0123"', "a <lora:OldName:-0.9>"),
        ('Lora hashes: "Other: 0123456789ab"', "a <lora:OldName:-0.9>"),
        # AutoV2: of the whole file, as the Civitai extension and other tools write it.
        ('Lora hashes: "OldName: {autov2}"', "a <lora:NewName:-0.9>"),
        ('Hashes: {{"model": "0123456789", "lora:OldName": "{autov2}"}}', "a <lora:NewName:-0.9>"),
        ('Hashes: {{"lora:OldName": "fedcba9876"}}', "a <lora:NewName:-0.9>"),
        ('Hashes: {{"lora:OldName": "fedcba9877"}}', "a <lora:OldName:-0.9>"),
    ],
)
def test_renamed_files_are_found_by_their_hash(
    run: Run, renamed: Path, tmp_path: Path, more: str, prompt: str
) -> None:
    file = tmp_path / "a.txt"
    text = "a <lora:OldName:-0.9>\nNegative prompt: b\nSteps: 20, Sampler: Euler, CFG scale: 9, "
    autov2 = hashlib.sha256((renamed / "NewName.safetensors").read_bytes()).hexdigest()[:10]
    if "fedcba98" in more:
        (renamed / "NewName.json").write_text('{"sha256": "FEDCBA9876' + "0" * 54 + '"}')
    file.write_text(text + more.format(autov2=autov2), encoding="utf-8")
    _, output, _ = run(
        "--lora-dir",
        str(renamed),
        "--file",
        str(file),
        "--mode",
        "advise",
        "--family",
        "sdxl",
        "--json",
    )
    assert objects(output)[0]["prompt"] == prompt


def test_versions_on_civitai_are_found_in_side_files(
    run: Run, renamed: Path, tmp_path: Path
) -> None:
    file = tmp_path / "a.txt"
    resources = [
        {"type": "lora", "weight": -0.8, "modelVersionId": number} for number in (135867, 5)
    ]
    file.write_text(
        f"car\nNegative prompt: b\nSteps: 20, Sampler: Euler, CFG scale: 9, "
        f"Civitai resources: {json.dumps(resources)}",
        encoding="utf-8",
    )
    _, output, _ = run(
        "--lora-dir", str(renamed), "--file", str(file), "--family", "sdxl", "--json"
    )
    [entry] = objects(output)
    assert entry["prompt"] == "car <lora:NewName:-0.5>"
    assert any("version 5 " in finding["reason"] for finding in entry["findings"])
