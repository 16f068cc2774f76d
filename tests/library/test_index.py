from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from lib_lora_neg.library import Catalog
from lib_lora_neg.library import catalog as catalog_module
from lib_lora_neg.library.packing import Packer, unpack_card
from lib_lora_neg.library.store import FILE
from lib_lora_neg.loras import LoraType, read_card
from tests.support.blank_loras import write_blank_lora

ROOT = Path(__file__).resolve().parents[2]
TENSORS = {
    "lora_unet_down_blocks_1_attentions_0_transformer_blocks_0_attn2_to_k.lora_down.weight": (
        8,
        768,
    ),
    "lora_te_text_model_encoder_layers_0_mlp_fc1.lora_down.weight": (8, 768),
}


def make(folder: Path, name: str, tags: dict[str, int] | None = None) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    metadata = {
        "ss_output_name": f"{name}-alias",
        "ss_tag_frequency": json.dumps({"10_x": tags or {"zorg": 9, "tree": 3}}),
        "ss_dataset_dirs": json.dumps({"10_x": {"img_count": 10, "n_repeats": 10}}),
    }
    path = write_blank_lora(folder / f"{name}.safetensors", TENSORS, metadata)
    side = {
        "activation text": "zorg, tree",
        "preferred weight": 0.7,
        "lora_neg": {
            "type": "style",
            "range": {"floor": -0.4, "sweet_spot": [-0.1, -0.3]},
            "measured": {"floor": -0.3, "bleeding_onset": -0.4, "onset_band": [-0.3, -0.4]},
        },
    }
    path.with_suffix(".json").write_text(json.dumps(side), "utf-8")
    return path


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    seen: list[str] = []
    original = catalog_module.read_any_card

    def counted(path: str, sides: list[str]) -> object:
        seen.append(Path(path).name)
        return original(path, sides)

    monkeypatch.setattr(catalog_module, "read_any_card", counted)
    return seen


def test_a_card_survives_packing(tmp_path: Path) -> None:
    card = read_card(make(tmp_path, "a"))
    assert card.bracket is not None
    assert unpack_card(Packer().pack(card), card.tags.shares) == card


def test_a_warm_start_reads_no_file(tmp_path: Path, reads: list[str]) -> None:
    make(tmp_path / "loras", "a")
    make(tmp_path / "loras/sub", "b")
    first = Catalog([tmp_path / "loras"], tmp_path / "index")
    told: list[tuple[int, int]] = []
    first.index(lambda done, total: told.append((done, total)))
    assert told == [(1, 2), (2, 2)]
    known = {card.name: card for card in first.cards()}
    first.close()
    reads.clear()
    second = Catalog([tmp_path / "loras"], tmp_path / "index")
    card = second.get("b-alias")
    assert card is not None
    assert card.name == "b"
    assert card.inference.type is LoraType.STYLE
    assert reads == []
    assert card.tags.shares == {"zorg": 0.9, "tree": 0.3}
    assert reads == ["b.safetensors"]
    assert {card.name: card for card in second.cards()} == known
    second.close()


def test_a_folder_may_be_named_with_a_slash_behind(tmp_path: Path, reads: list[str]) -> None:
    make(tmp_path / "loras", "a")
    for _ in range(2):
        catalog = Catalog([f"{tmp_path}/loras/"], tmp_path / "index")
        catalog.index()
        catalog.close()
    assert reads == ["a.safetensors"]


def test_a_file_that_is_no_database_is_replaced(tmp_path: Path, reads: list[str]) -> None:
    make(tmp_path / "loras", "a")
    (tmp_path / "index").mkdir()
    (tmp_path / "index" / FILE).write_bytes(b"no database at all" * 100)
    for _ in range(2):
        catalog = Catalog([tmp_path / "loras"], tmp_path / "index")
        catalog.index()
        assert not catalog.problems
        catalog.close()
    assert reads == ["a.safetensors"]


def test_a_broken_file_keeps_what_its_side_files_say(tmp_path: Path) -> None:
    path = make(tmp_path / "loras", "a")
    path.write_bytes(b"no lora")
    old = make(tmp_path / "loras", "b").rename(tmp_path / "loras" / "b.pt")
    assert old.exists()
    for catalog in (Catalog([tmp_path / "loras"], tmp_path / "index") for _ in range(2)):
        for name, fault in (("a", "truncated"), ("b", "not safetensors")):
            card = catalog.get(name)
            assert card is not None
            assert card.inference.type is LoraType.STYLE
            assert fault in card.problems[0]
        catalog.index()
        catalog.close()


def test_only_what_changed_is_read_again(tmp_path: Path, reads: list[str]) -> None:
    paths = [make(tmp_path / "loras", name) for name in "abc"]
    catalog = Catalog([tmp_path / "loras"], tmp_path / "index")
    catalog.index()
    catalog.close()
    make(tmp_path / "loras", "b", {"other": 10, "tag": 1})
    os.utime(paths[1], ns=(5, 5))
    paths[2].with_suffix(".json").write_text('{"lora_neg": {"type": "slider"}}', "utf-8")
    paths[0].unlink()
    reads.clear()
    again = Catalog([tmp_path / "loras"], tmp_path / "index")
    again.index()
    assert sorted(reads) == ["b.safetensors", "c.safetensors"]
    assert again.get("a") is None
    card = again.get("c")
    assert card is not None
    assert card.inference.type is LoraType.SLIDER
    again.close()


def test_a_damaged_index_is_an_empty_one(tmp_path: Path) -> None:
    make(tmp_path / "loras", "a")
    catalog = Catalog([tmp_path / "loras"], tmp_path / "index")
    catalog.index()
    catalog.close()
    with closing(sqlite3.connect(tmp_path / "index" / FILE)) as base:
        base.execute("UPDATE folders SET record = ?", (b"\xff" * 200,))
        base.commit()
    again = Catalog([tmp_path / "loras"], tmp_path / "index")
    assert again.get("a-alias") is not None
    again.close()


def test_an_index_that_cannot_be_used_is_a_problem(tmp_path: Path) -> None:
    make(tmp_path / "loras", "a")
    (tmp_path / "index").write_text("a file")
    catalog = Catalog([tmp_path / "loras"], tmp_path / "index")
    assert catalog.get("a") is not None
    assert "index" in catalog.problems[0]


def test_progress_may_stop_the_work(tmp_path: Path, reads: list[str]) -> None:
    for name in "abcd":
        make(tmp_path / "loras", name)

    def stop(done: int, total: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    catalog = Catalog([tmp_path / "loras"], tmp_path / "index")
    with pytest.raises(KeyboardInterrupt):
        catalog.index(stop)
    catalog.close()
    reads.clear()
    again = Catalog([tmp_path / "loras"], tmp_path / "index")
    again.index()
    assert len(reads) == 2
    again.close()


def test_duplicates_are_named(tmp_path: Path) -> None:
    make(tmp_path / "1", "a")
    make(tmp_path / "2", "a")
    found = Catalog([tmp_path]).duplicates()
    assert [Path(path).parent.name for path in found["a"]] == ["1", "2"]


def test_two_processes_share_an_index(tmp_path: Path) -> None:
    for number in range(30):
        make(tmp_path / "loras", f"lora{number}")
    code = (
        "import sys; from lib_lora_neg.library import Catalog\n"
        "catalog = Catalog([sys.argv[1]], sys.argv[2])\n"
        "assert len(list(catalog.cards())) == 30\n"
        "assert not catalog.problems, catalog.problems\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "loras"), str(tmp_path / "index")]
    processes = [subprocess.Popen(command, cwd=ROOT) for _ in range(2)]
    assert [process.wait(timeout=60) for process in processes] == [0, 0]
    catalog = Catalog([tmp_path / "loras"], tmp_path / "index")
    assert catalog.get("lora7-alias") is not None
    catalog.close()


KILLED = """
import os, signal, sys
from lib_lora_neg.library import Catalog, catalog
catalog.SAVE_EVERY = 10
def after(done, total):
    if done == 35:
        os.kill(os.getpid(), signal.SIGKILL)
Catalog([sys.argv[1]], sys.argv[2]).index(after)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL of POSIX")
def test_a_killed_indexing_goes_on_where_it_last_saved(tmp_path: Path, reads: list[str]) -> None:
    for number in range(20):
        make(tmp_path / "loras", f"lora{number}")
        make(tmp_path / "loras/sub", f"sub{number}")
    command = [sys.executable, "-c", KILLED, str(tmp_path / "loras"), str(tmp_path / "index")]
    assert subprocess.run(command, cwd=ROOT, check=False).returncode == -9
    catalog = Catalog([tmp_path / "loras"], tmp_path / "index")
    catalog.index()
    assert len(reads) == 10
    assert len(list(catalog.cards())) == 40
    assert catalog.problems == ()
    catalog.close()
