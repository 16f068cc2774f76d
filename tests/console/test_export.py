"""`lora-neg export`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lib_lora_neg.cli import main
from tests.support.commands import Run, objects


@pytest.fixture
def export(loras: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run `lora-neg export` and return status, output and errors."""

    def run(*arguments: str) -> tuple[int, str, str]:
        try:
            status = main(["export", *arguments])
        except SystemExit as end:
            status = int(end.code or 0)
        return status, *capsys.readouterr()

    return run


def test_export_to_midjourney(export: Run) -> None:
    given = ("--to", "midjourney", "--prompt", "a street without cars")
    status, output, errors = export(*given, "--negative", "lowres, modern clothing")
    assert (status, errors) == (0, "")
    assert "a street --no cars, modern" in output
    assert "MJ-quality" in output
    status, output, _ = export(*given, "--negative", "lowres, fog", "--json")
    (made,) = objects(output)
    assert (made["text"], made["no"]) == ("a street --no cars, fog", ["cars", "fog"])
    assert made["findings"][0]["rule"] == "R9"


def test_export_bans_the_core_of_a_lora(export: Run, loras: Path) -> None:
    given = ("--to", "midjourney", "--lora-dir", str(loras), "--json")
    status, output, _ = export(*given, "--lora", "gouache_poster")
    (made,) = objects(output)
    assert status == 0
    assert "MJ-core" in {finding["rule"] for finding in made["findings"]}
    # The same LoRA at a negative weight in the prompt.
    _, output, _ = export(*given, "--prompt", "<lora:gouache_poster:-0.9>")
    assert objects(output)[0]["no"] == made["no"]


def test_export_reads_files(export: Run, tmp_path: Path) -> None:
    lines = tmp_path / "prompts.jsonl"
    lines.write_text('{"id": 7, "prompt": "a", "negative_prompt": "fog"}\n{"prompt": 1}\n')
    status, output, errors = export("--to", "midjourney", "--file", str(lines))
    assert status == 2
    assert "prompts.jsonl:2" in errors
    (made,) = objects(output)
    assert (made["id"], made["text"]) == (7, "a --no fog")
    back = tmp_path / "back.txt"
    back.write_text("a street --no fog\n\na lake --no rain --ar 1:1\n")
    status, output, _ = export("--to", "webui", "--file", str(back), "--json")
    assert status == 0
    assert [made["negative_prompt"] for made in objects(output)] == ["fog", "rain"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("--prompt", "a"),
        ("--to", "midjourney"),
        ("--to", "webui"),
        ("--to", "elsewhere", "--prompt", "a"),
        ("--to", "webui", "--prompt", "a", "--negative", "b"),
        ("--to", "midjourney", "--prompt", "a", "--lora", "x"),
        ("--to", "webui", "--file", "missing.txt"),
        ("--to", "midjourney", "--prompt", "a", "--lora-dir", "missing"),
    ],
)
def test_export_says_what_is_wrong_with_its_arguments(
    export: Run, arguments: tuple[str, ...]
) -> None:
    status, output, errors = export(*arguments)
    assert (status, output) == (2, "")
    assert errors.startswith("lora-neg")


def test_export_names_the_nearest_lora(export: Run, loras: Path) -> None:
    given = ("--to", "midjourney", "--lora-dir", str(loras))
    status, _, errors = export(*given, "--lora", "gouache_postr")
    assert status == 2
    assert "gouache_poster" in errors


def test_export_to_comfyui(export: Run, loras: Path, tmp_path: Path) -> None:
    picture = tmp_path / "one.txt"
    picture.write_text(
        "a cat <lora:gouache_poster:-0.9>\nNegative prompt: blurry\n"
        "Steps: 8, Sampler: Euler, CFG scale: 9, Seed: 3, Size: 64x64, Model: m, RNG: CPU\n"
    )
    given = ("--to", "comfyui", "--file", str(picture), "--lora-dir", str(loras))
    status, output, errors = export(*given)
    assert (status, errors) == (0, "")
    (made,) = objects(output)
    kinds = [node["class_type"] for node in made["prompt"].values()]
    sampler = made["prompt"][str(kinds.index("KSampler") + 1)]["inputs"]
    # It is guarded first: the weight is in its range, and CFG beside it is lowered.
    assert (sampler["cfg"], sampler["steps"], sampler["seed"]) == (6, 8, 3)
    lora = made["prompt"][str(kinds.index("LoraLoader") + 1)]["inputs"]
    assert lora["strength_model"] > -0.9
    assert lora["lora_name"] == "gouache_poster.safetensors"
    assert {"R1", "R3"} <= {finding["rule"] for finding in made["findings"]}
    _, output, _ = export(*given, "--mode", "Off", "--seed", "9")
    assert '"cfg": 9' in output
    assert '"seed": 9' in output


def test_export_writes_both_forms(export: Run, tmp_path: Path) -> None:
    target = tmp_path / "made.json"
    given = ("--to", "comfyui", "--prompt", "a cat", "--output", str(target))
    status, output, _ = export(*given, "--checkpoint", "m.safetensors", "--family", "sdxl")
    assert status == 0
    assert "made_api.json" in output
    page, server = (json.loads(path.read_text()) for path in (target, tmp_path / "made_api.json"))
    assert page["version"] == 0.4
    assert server["1"]["inputs"] == {"ckpt_name": "m.safetensors"}
    assert any(node["inputs"].get("width") == 1024 for node in server.values())


@pytest.mark.parametrize("wrong", [("--seed", "-1"), ("--lora", "x"), ("--option", "C")])
def test_export_to_comfyui_refuses(export: Run, wrong: tuple[str, str]) -> None:
    status, _, errors = export("--to", "comfyui", "--prompt", "a", *wrong)
    assert status == 2
    assert wrong[0] in errors
