"""`lora-neg show` and `lora-neg library`."""

from __future__ import annotations

from pathlib import Path

import pytest

from lib_lora_neg.cli import main
from lib_lora_neg.console.cards import cards_as_table
from lib_lora_neg.console.terminal import TerminalPalette
from lib_lora_neg.loras import read_card
from lib_lora_neg.samples.loras import sample_loras
from lib_lora_neg.telling import printable
from tests.support.commands import objects


def test_show_tells_type_range_and_reasons(loras: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = loras / "gouache_poster.safetensors"
    assert main(["show", str(path)]) == 0
    output = capsys.readouterr().out
    for word in ("style", "sdxl", "−0.5", "gouache poster", "text encoder, unet", "62"):
        assert word in output
    assert main(["show", "--json", str(path)]) == 0
    [entry] = objects(capsys.readouterr().out)
    assert entry["inference"]["type"] == "style"
    assert entry["range_in_force"]["floor"] == -0.5


def test_show_measures_weights_when_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    numpy = pytest.importorskip("numpy")
    save = pytest.importorskip("safetensors.numpy").save_file
    stem = "lora_unet_up_blocks_0_attentions_1_proj_in"
    ones = {"lora_down": (4, 30), "lora_up": (40, 4)}
    tensors = {f"{stem}.{k}.weight": numpy.ones(v, numpy.float32) for k, v in ones.items()}
    save(tensors, tmp_path / "a.safetensors")
    assert main(["show", "--weights", str(tmp_path / "a.safetensors")]) == 0
    output = capsys.readouterr().out
    for words in ("1.0 of 4", "100%", "up_blocks.0.attentions.1", "slider 40%"):
        assert words in output
    assert main(["show", "--weights", "--json", str(tmp_path / "a.safetensors")]) == 0
    [entry] = objects(capsys.readouterr().out)
    assert entry["weights"]["layers"] == 1
    assert entry["leans_to"]["type"] == "slider"


def test_show_of_what_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "nothing.safetensors"]) == 2
    assert "nothing.safetensors" in capsys.readouterr().err


def test_library_lists_every_file(loras: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["library", str(loras)]) == 0
    output = capsys.readouterr().out
    assert main(["library", str(loras), "--json"]) == 0
    entries = objects(capsys.readouterr().out)
    assert {entry["name"] for entry in entries} == {lora.name for lora in sample_loras()}
    assert all(entry["name"] in output for entry in entries)


def test_the_index_is_kept_between_runs(loras: Path, tmp_path: Path) -> None:
    assert main(["library", str(loras)]) == 0
    assert list((tmp_path / "index").iterdir())
    assert main(["library", str(loras)]) == 0


@pytest.mark.parametrize("width", [60, 80, 200])
def test_a_table_keeps_to_its_width(loras: Path, width: int) -> None:
    cards = [read_card(path) for path in sorted(loras.glob("*.safetensors"))]
    table = cards_as_table(cards, TerminalPalette(enabled=False), width)
    assert max(map(len, table.splitlines())) <= width
    assert table.count("\n") == len(cards)


def test_names_do_not_steer_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a\x1b[2Jb.safetensors").write_bytes(b"no LoRA")
    assert main(["library", str(tmp_path)]) == 0
    assert main(["show", str(tmp_path / "a\x1b[2Jb.safetensors")]) == 2
    captured = capsys.readouterr()
    assert "\x1b" not in captured.out + captured.err
    assert printable("a\u202eb") == "a\\u202eb"
