"""One store of cards for generations and the library; decisions of many LoRAs at once."""

from __future__ import annotations

import os
import sys
import time
import types
from collections.abc import Callable
from pathlib import Path

import pytest

from lib_lora_neg.hosts.webui import library as library_module
from lib_lora_neg.hosts.webui import places
from lib_lora_neg.hosts.webui.cards import HostCards
from lib_lora_neg.hosts.webui.library import WebuiLibraryTab
from lib_lora_neg.library.catalog import Catalog
from lib_lora_neg.loras import Decision, LoraType
from tests.support.blank_loras import write_blank_lora

TENSORS = {"lora_unet_mid_block_attentions_0_proj_in.lora_down.weight": (4, 1280)}


class Place:
    def __init__(self, root: Path) -> None:
        self.loras, self.index, self.own = root / "loras", root / "index", root / "own/own.json"
        self.loras.mkdir()
        self.networks = types.SimpleNamespace(
            available_networks={},
            available_network_aliases={},
            forbidden_network_aliases={},
            list_available_networks=lambda: None,
        )

    def add(self, name: str) -> Path:
        path = write_blank_lora(self.loras / f"{name}.safetensors", TENSORS)
        entry = types.SimpleNamespace(filename=str(path), name=name)
        self.networks.available_networks[name] = entry
        self.networks.available_network_aliases[name] = entry
        return path


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    made = Place(tmp_path)
    monkeypatch.setitem(sys.modules, "networks", made.networks)
    monkeypatch.setattr(places, "lora_folders", lambda: [str(made.loras)])
    monkeypatch.setattr(places, "index_folder", lambda: made.index)
    monkeypatch.setattr(places, "own_decisions", lambda: made.own)
    monkeypatch.setattr(library_module, "is_busy", lambda: False)
    monkeypatch.setattr(library_module, "SETTLED_SECONDS", 0.01)
    return made


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def read(tab: WebuiLibraryTab) -> None:
    tab.refresh()
    until(lambda: not tab.progress().running)
    assert not tab.progress().failure


def test_a_generation_gets_the_card_that_the_library_shows(place: Place) -> None:
    place.add("a")
    cards = HostCards()
    tab = WebuiLibraryTab(cards)
    assert tab.known("a") is None
    read(tab)
    assert tab.known("a") is not None
    assert cards.peek("a") is tab.known("a")
    assert cards.get("a") is tab.card("a")


def test_a_decision_reaches_the_next_generation_at_once(place: Place) -> None:
    place.add("a")
    cards = HostCards()
    tab = WebuiLibraryTab(cards)
    read(tab)
    tab.save({"a": Decision(LoraType.STYLE)})
    card = cards.peek("a")
    assert card is not None
    assert card.inference.type is LoraType.STYLE
    assert tab.known("a") is card
    tab.stop()


def test_a_decision_of_the_own_store_counts_for_both(place: Place) -> None:
    path = place.add("a")
    path.with_suffix(".json").write_text("broken", "utf-8")
    cards = HostCards()
    tab = WebuiLibraryTab(cards)
    read(tab)
    (saved,) = tab.save({"a": Decision(LoraType.SLIDER)})
    assert saved.done
    assert "own store" in saved.note
    read(tab)
    card = cards.peek("a")
    assert card is not None
    assert card is tab.known("a")
    assert card.inference.type is LoraType.SLIDER
    assert any("a.json" in problem for problem in card.problems)


def test_a_generation_never_waits_for_the_reading_of_all(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(30):
        place.add(f"lora{number}")
    cards, busy = HostCards(), [True]
    monkeypatch.setattr(library_module, "is_busy", lambda: busy[0])
    tab = WebuiLibraryTab(cards)
    tab.begin()
    until(lambda: tab.progress().waiting)
    assert cards.peek("lora7") is not None
    assert tab.known("lora7") is not None
    assert tab.known("lora8") is None
    busy[0] = False
    until(lambda: not tab.progress().running)
    assert tab.known("lora8") is not None


def test_rows_are_known_as_they_are_read(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(5):
        place.add(f"lora{number}")
    tab = WebuiLibraryTab(HostCards())
    seen: list[int] = []
    index = Catalog.index

    def watched(self: Catalog, progress: Callable[[int, int], None], each: object) -> None:
        def count(done: int, total: int) -> None:
            seen.append(sum(tab.known(name) is not None for name in tab.names()))
            progress(done, total)

        index(self, count, each)  # type: ignore[arg-type]

    monkeypatch.setattr(Catalog, "index", watched)
    read(tab)
    assert seen == [1, 2, 3, 4, 5]


def test_a_changed_file_is_read_again_by_whoever_asks_first(place: Place) -> None:
    path = place.add("a")
    cards = HostCards()
    tab = WebuiLibraryTab(cards)
    read(tab)
    before = cards.peek("a")
    write_blank_lora(path, TENSORS, {"ss_output_name": "other"})
    os.utime(path, ns=(7, 7))
    after = cards.peek("a")
    assert after is not before
    assert after is not None
    assert after.alias == "other"
    read(tab)
    assert tab.known("a") is after
