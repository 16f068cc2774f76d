"""`lora-neg export`."""

from __future__ import annotations

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
