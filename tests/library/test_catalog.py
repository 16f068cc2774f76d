from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from lib_lora_neg.library import Catalog
from lib_lora_neg.library import catalog as module
from lib_lora_neg.library.store import FILE
from lib_lora_neg.loras.reading.sidecars import SIDE_SUFFIXES
from tests.support.blank_loras import write_blank_lora
from tests.support.odd_files import ODD

TENSORS = {"lora_unet_mid_block_attentions_0_proj_in.lora_down.weight": (4, 1280)}


def lora(path: Path, alias: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return write_blank_lora(path, TENSORS, {"ss_output_name": alias} if alias else None)


def test_names_and_aliases(tmp_path: Path) -> None:
    lora(tmp_path / "a.safetensors", "nick")
    lora(tmp_path / "deep/er/b.safetensors")
    catalog = Catalog([tmp_path])
    assert catalog.names() == ("a", "b")
    for name, stem in (("a", "a"), ("nick", "a"), ("b", "b")):
        card = catalog.get(name)
        assert card is not None
        assert card.name == stem
    for unknown in ("A", "Nick", "c", "", "deep/er/b", "none"):
        assert catalog.get(unknown) is None


def test_an_alias_of_two_files_is_refused(tmp_path: Path) -> None:
    lora(tmp_path / "a.safetensors", "same")
    lora(tmp_path / "b.safetensors", "same")
    catalog = Catalog([tmp_path])
    assert catalog.get("same") is None
    assert catalog.get("SAME") is None
    assert catalog.get("a") is not None


def test_an_alias_never_hides_a_file_of_that_name(tmp_path: Path) -> None:
    lora(tmp_path / "a.safetensors", "b")
    lora(tmp_path / "b.safetensors")
    card = Catalog([tmp_path]).get("b")
    assert card is not None
    assert card.name == "b"


def test_the_last_of_one_stem_wins(tmp_path: Path) -> None:
    lora(tmp_path / "1/a.safetensors")
    lora(tmp_path / "2/a.safetensors")
    card = Catalog([tmp_path / "1", tmp_path / "2"]).get("a")
    assert card is not None
    assert Path(card.path).parent.name == "2"


def test_natural_order_of_folders(tmp_path: Path) -> None:
    for folder in ("v2", "v10"):
        lora(tmp_path / folder / "a.safetensors")
    card = Catalog([tmp_path]).get("a")
    assert card is not None
    assert Path(card.path).parent.name == "v10"


def test_broken_and_foreign_files_do_not_disturb(tmp_path: Path) -> None:
    lora(tmp_path / "good.safetensors", "nick")
    (tmp_path / "bad.safetensors").write_bytes(b"no")
    (tmp_path / "old.ckpt").write_bytes(b"\x80")
    (tmp_path / "note.txt").write_text("x")
    catalog = Catalog([tmp_path, tmp_path / "missing"])
    assert catalog.names() == ("bad", "good", "old")
    bad, old = catalog.get("bad"), catalog.get("old")
    assert bad is not None
    assert "truncated" in bad.problems[0]
    assert old is not None
    assert "not safetensors" in old.problems[0]
    assert catalog.get("nick") is not None
    text = "\n".join(catalog.problems)
    assert "missing" in text
    assert "bad" in text


def test_links_and_loops(tmp_path: Path) -> None:
    lora(tmp_path / "in/a.safetensors")
    try:
        (tmp_path / "in/loop").symlink_to(tmp_path, target_is_directory=True)
        (tmp_path / "in/dangling.safetensors").symlink_to(tmp_path / "nowhere")
    except OSError:
        pytest.skip("no symbolic links here")
    catalog = Catalog([tmp_path])
    assert catalog.names() == ("a",)
    assert any("dangling" in problem for problem in catalog.problems)


def test_cards_are_read_once_and_again_after_a_change(tmp_path: Path) -> None:
    path = lora(tmp_path / "a.safetensors", "one")
    catalog = Catalog([tmp_path])
    first = catalog.get("a")
    assert catalog.get("one") is first
    catalog.refresh()
    assert catalog.get("a") is first
    lora(path, "another")
    os.utime(path, ns=(1, 1))
    catalog.refresh()
    assert catalog.get("one") is None
    assert catalog.get("another") is not None


@pytest.mark.parametrize("name", ["a b", "a'b\"c", "ä★", "-x", "a.b", "[x](y)", "a,b:1"])
def test_odd_names(tmp_path: Path, name: str) -> None:
    lora(tmp_path / f"{name}.safetensors")
    assert Catalog([tmp_path]).get(name) is not None


def test_names_are_sorted_once_for_one_listing(tmp_path: Path) -> None:
    for name in ("a10", "a2"):
        lora(tmp_path / f"{name}.safetensors")
    catalog = Catalog([tmp_path])
    names = catalog.names()
    assert names == ("a2", "a10")
    assert catalog.names() is names
    lora(tmp_path / "a1.safetensors")
    catalog.refresh()
    assert catalog.names() == ("a1", "a2", "a10")


def test_whoever_asks_hears_of_a_long_reading(tmp_path: Path) -> None:
    for name in "abc":
        lora(tmp_path / f"{name}.safetensors")
    heard: list[tuple[int, int]] = []
    catalog = Catalog([tmp_path], progress=lambda *told: heard.append(told))
    assert catalog.get("a") is not None
    assert not heard
    assert catalog.get("somebody's alias") is None
    assert heard == [(1, 3), (2, 3), (3, 3)]


def test_hashes_as_infotexts_have_them(tmp_path: Path) -> None:
    digest = "ab12" * 16
    write_blank_lora(tmp_path / "a.safetensors", TENSORS, {"sshs_model_hash": digest})
    catalog = Catalog([tmp_path])
    for known in (digest, digest[:12], digest.upper()):
        card = catalog.by_hash(known)
        assert card is not None
        assert card.name == "a"
    for unknown in ("", "ab12", "0" * 12):
        assert catalog.by_hash(unknown) is None


def _versions(lora: Path, **entry: object) -> dict[str, object]:
    return {"id": 20, "modelId": 5, "files": [{"name": lora.name, "type": "Model", **entry}]}


BESIDE: dict[str, tuple[str, Callable[[Path, str], dict[str, object]]]] = {
    "Lora-Manager": (".metadata.json", lambda _, digest: {"sha256": digest}),
    "browser extensions": (".json", lambda _, digest: {"sha256": digest.upper()}),
    "StabilityMatrix": (".cm-info.json", lambda _, digest: {"Hashes": {"SHA256": digest}}),
    "Civitai Helper": (
        ".civitai.info",
        lambda lora, digest: _versions(lora, hashes={"AutoV2": digest[:10].upper()}),
    ),
    "a whole model": (
        ".api_info.json",
        lambda lora, digest: {
            "id": 5,
            "modelVersions": [
                _versions(Path("other.safetensors"), hashes={"SHA256": "12" * 32}),
                _versions(lora, hashes={"SHA256": digest}),
            ],
        },
    ),
    "rgthree": (
        ".safetensors.rgthree-info.json",
        lambda lora, digest: {"raw": {"civitai": _versions(lora, hashes={"SHA256": digest})}},
    ),
}


@pytest.mark.parametrize("writer", BESIDE)
def test_a_digest_that_a_side_file_knows(tmp_path: Path, writer: str) -> None:
    suffix, record = BESIDE[writer]
    path = lora(tmp_path / "a.safetensors")
    lora(tmp_path / "b.safetensors")
    digest = "0f1e2d3c4b" + "5a" * 27
    (tmp_path / f"a{suffix}").write_text(json.dumps(record(path, digest)), "utf-8")
    catalog = Catalog([tmp_path])
    card = catalog.by_hash(digest[:10])
    assert card is not None
    assert card.name == "a"
    assert catalog.by_hash("0f1e2d3c4c") is None


@pytest.mark.parametrize("which", ["AutoV2", "AutoV3", "SHA256"])
def test_a_digest_that_nobody_noted_is_read_from_the_file(
    tmp_path: Path, which: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_blank_lora(tmp_path / "a.safetensors", TENSORS)
    write_blank_lora(tmp_path / "b.safetensors", TENSORS, {"ss_output_name": "b"})
    (tmp_path / "c.safetensors").write_bytes(b"no")
    raw = (tmp_path / "a.safetensors").read_bytes()
    start = 8 + int.from_bytes(raw[:8], "little")
    whole, tensors = hashlib.sha256(raw).hexdigest(), hashlib.sha256(raw[start:]).hexdigest()
    digest = {"AutoV2": whole[:10], "AutoV3": tensors[:12], "SHA256": whole}[which]
    catalog = Catalog([tmp_path])
    assert catalog.by_hash(digest) is None
    found = catalog.by_hash(digest, contents=True)
    # Both files have the same tensors, and their headers are of different length.
    assert (found and found.name) == (None if which == "AutoV3" else "a")
    assert catalog.undigested == 0
    monkeypatch.setattr(module, "MOST_CONTENTS", 100)
    limited = Catalog([tmp_path])
    assert limited.by_hash(digest, contents=True) is None
    assert limited.undigested == 3


@pytest.mark.parametrize("digest", [hashlib.sha256(b"").hexdigest(), "0" * 64])
def test_the_digest_of_nothing_names_no_file(tmp_path: Path, digest: str) -> None:
    write_blank_lora(tmp_path / "a.safetensors", TENSORS, {"sshs_model_hash": digest})
    assert Catalog([tmp_path]).by_hash(digest) is None


def test_a_digest_that_different_files_share_names_none(tmp_path: Path) -> None:
    digest = "ab12" * 16
    write_blank_lora(tmp_path / "a.safetensors", TENSORS, {"sshs_model_hash": digest})
    (tmp_path / "sub").mkdir()
    copy = tmp_path / "sub" / "copy.safetensors"
    shutil.copy(tmp_path / "a.safetensors", copy)
    assert Catalog([tmp_path]).by_hash(digest) is not None
    other = {"sshs_model_hash": digest, "ss_output_name": "something else"}
    write_blank_lora(copy, TENSORS, other)
    assert Catalog([tmp_path]).by_hash(digest) is None


@pytest.mark.skipif(sys.platform == "win32", reason="no such things in its folders")
@pytest.mark.parametrize("kind", ODD)
def test_what_is_no_regular_file_costs_nothing_but_itself(tmp_path: Path, kind: str) -> None:
    """An odd LoRA is told, and every other stays known, also one with an odd side file."""
    suffixes = [suffix for suffix in SIDE_SUFFIXES if not suffix.startswith((".pt.", ".ckpt."))]
    for number, suffix in enumerate(suffixes):
        lora(tmp_path / f"a{number}.safetensors")
        ODD[kind](tmp_path / f"a{number}{suffix}")
    ODD[kind](tmp_path / "odd.safetensors")
    if kind.startswith("link"):
        ODD[kind](tmp_path / "subfolder")
    catalog = Catalog([tmp_path], tmp_path / "index")
    assert len(list(catalog.cards())) == len(suffixes)
    problems = [problem for problem in catalog.problems if kind in problem]
    lost = 0 if kind == "folder" else 2 if kind.startswith("link") else 1
    assert len(problems) == len(suffixes) + lost, catalog.problems
    # An index that knows the files finds them unchanged, and their problems too.
    again = Catalog([tmp_path], tmp_path / "index")
    read: list[int] = []
    again.index(progress=lambda done, _: read.append(done))
    assert not read
    assert sorted(again.problems) == sorted(catalog.problems)


@pytest.mark.skipif(sys.platform == "win32", reason="no such things in its folders")
@pytest.mark.parametrize("kind", ["pipe", "device", "socket", "folder"])
def test_an_odd_index_is_a_problem(tmp_path: Path, kind: str) -> None:
    lora(tmp_path / "loras" / "a.safetensors")
    (tmp_path / "index").mkdir()
    ODD[kind](tmp_path / "index" / FILE)
    catalog = Catalog([tmp_path / "loras"], tmp_path / "index")
    assert catalog.names() == ("a",)
    assert any(kind in problem for problem in catalog.problems)
