"""Which version of a page a file is."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lib_lora_neg.loras import read_card
from tests.loras.reading.beside import card_beside
from tests.support.safetensors_files import write_lora


def versions(*files: dict[str, Any]) -> dict[str, Any]:
    """A page of several versions, the newest first: words ``word1``, ``word2`` …"""
    made = [
        {"id": 7000 + n, "baseModel": "SDXL 1.0", "trainedWords": [f"w0rd{n}"], "files": [file]}
        for n, file in enumerate(files, 1)
    ]
    return {"id": 5, "name": "Page", "modelVersions": made}


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


BESIDE: dict[str, tuple[Callable[[Path], dict[str, Any]], str, Callable[[Path], Any]]] = {
    "file name": (lambda _: {"name": "X.safetensors"}, "", lambda _: None),
    "file name, spelt otherwise": (lambda _: {"name": "x_.safetensors"}, "", lambda _: None),
    "SHA-256": (lambda p: {"hashes": {"SHA256": _digest(p).upper()}}, "", lambda _: None),
    "SHA-256 that a side file knows": (
        lambda _: {"hashes": {"SHA256": "AB" * 30 + "CDEF"}},
        ".metadata.json",
        lambda _: {"sha256": "ab" * 30 + "cdef"},
    ),
    "AutoV2": (
        lambda _: {"hashes": {"AutoV2": "ABCDEF0123"}},
        ".metadata.json",
        lambda _: {"sha256": "abcdef0123" + "0" * 54},
    ),
    "AutoV3 in the header": (lambda _: {"hashes": {"AutoV3": "0123456789AB"}}, "", lambda _: None),
    "size": (lambda p: {"sizeKB": p.stat().st_size / 1024}, "", lambda _: None),
    "version of the host's file": (lambda _: {}, ".json", lambda _: {"modelVersionId": 7002}),
    "version of StabilityMatrix": (lambda _: {}, ".cm-info.json", lambda _: {"VersionId": 7002}),
    "version of Civitai Helper": (
        lambda _: {},
        ".civitai.info",
        lambda _: {"id": 7002, "modelId": 5},
    ),
}


@pytest.mark.parametrize("by", BESIDE)
def test_the_version_of_this_file(tmp_path: Path, by: str) -> None:
    lora = write_lora(tmp_path / "x.safetensors", {"sshs_model_hash": "0123456789abcdef"})
    own, suffix, beside = BESIDE[by]
    other = {"name": "other.safetensors", "sizeKB": 5.0, "hashes": {"SHA256": "12" * 32}}
    page = versions(other, own(lora), {**other, "name": "third.safetensors"})
    if suffix:
        (tmp_path / f"x{suffix}").write_text(json.dumps(beside(lora)), "utf-8")
    (tmp_path / "x.api_info.json").write_text(json.dumps(page), "utf-8")
    assert [trigger.text for trigger in read_card(lora).triggers] == ["w0rd2"]


def test_versions_of_one_file_name_are_told_apart(tmp_path: Path) -> None:
    lora = write_lora(tmp_path / "x.safetensors")
    same = {"name": "x.safetensors"}
    page = versions(same, {**same, "hashes": {"SHA256": _digest(lora)}}, same)
    (tmp_path / "x.api_info.json").write_text(json.dumps(page), "utf-8")
    assert [trigger.text for trigger in read_card(lora).triggers] == ["w0rd2"]


def test_of_an_unknown_version_only_what_all_share_is_believed(tmp_path: Path) -> None:
    page = versions({"name": "a.safetensors"}, {"name": "b.safetensors"})
    for version in page["modelVersions"]:
        version["trainedWords"].append("b0thhave")
    card = card_beside(tmp_path, ".api_info.json", page)
    assert [trigger.text for trigger in card.triggers] == ["b0thhave"]
    assert (card.title, card.family.value) == ("Page", "sdxl")


def test_the_digest_of_nothing_is_no_version(tmp_path: Path) -> None:
    empty = hashlib.sha256(b"").hexdigest()
    lora = write_lora(tmp_path / "x.safetensors", {"sshs_model_hash": empty})
    page = versions({"hashes": {"AutoV3": empty[:12]}}, {"hashes": {"AutoV3": "ab12cd34ef56"}})
    (tmp_path / "x.api_info.json").write_text(json.dumps(page), "utf-8")
    assert read_card(lora).triggers == ()
