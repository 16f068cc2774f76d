"""Looking LoRAs up from the tab, against a server in memory that answers as Civitai's API does."""

from __future__ import annotations

import time
from pathlib import Path
from threading import Event
from typing import Any

import httpx
import pytest

from lib_lora_neg.hosts.form_reading import FormValueError
from lib_lora_neg.library.civitai import CivitaiLookup, sha256_of
from lib_lora_neg.library.lookups import PageLookups
from lib_lora_neg.loras import LoraCard, read_any_card
from lib_lora_neg.ui.library.lookup import SWITCHED_OFF, lookup_answers
from tests.support.blank_loras import write_blank_lora


class Host:
    """LoRAs of a folder; a Civitai that knows some of them."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.allowed, self.offline = folder, True, False
        self.asked: list[str] = []
        self.pages: dict[str, dict[str, Any]] = {}
        self.gate: Event | None = None
        self.changed: list[str] = []
        self.lookups = PageLookups(self._lookup, self.path_of, self.card, self.changed.append)

    def add(self, name: str, tags: list[str] | None = None) -> None:
        path = write_blank_lora(self.folder / f"{name}.safetensors", {f"{name}.diff": (2, 2)})
        if tags is not None:
            self.pages[sha256_of(path).upper()] = {"name": name, "tags": tags}

    def may_look_up(self) -> bool:
        return self.allowed

    def path_of(self, name: str) -> str | None:
        path = self.folder / f"{name}.safetensors"
        return str(path) if path.exists() else None

    def card(self, name: str) -> LoraCard | None:
        path = self.path_of(name)
        return read_any_card(path) if path is not None else None

    known = card

    def _lookup(self) -> CivitaiLookup:
        transport = httpx.MockTransport(self._answer)
        return CivitaiLookup(self.folder / "pages", enabled=True, transport=transport, interval=0.0)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        if self.gate is not None:
            self.gate.wait(10)
        self.asked.append(str(request.url))
        if self.offline:
            raise httpx.ConnectError("no route to host")
        last = request.url.path.rpartition("/")[2]
        if "by-hash" in request.url.path:
            if last not in self.pages:
                return httpx.Response(404, json={"error": "not found"})
            return httpx.Response(200, json={"modelId": sorted(self.pages).index(last)})
        return httpx.Response(200, json=self.pages[sorted(self.pages)[int(last)]])


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


def finished(host: Host) -> dict[str, Any]:
    deadline = time.monotonic() + 10
    while host.lookups.state.running:
        assert time.monotonic() < deadline
        time.sleep(0.005)
    state: dict[str, Any] = lookup_answers(host)["library-lookup-state"]({})
    return state


def look_up(host: Host, *names: str) -> dict[str, Any]:
    lookup_answers(host)["library-lookup"]({"names": list(names)})
    return finished(host)


def test_nothing_is_sent_unless_the_user_allowed_it(host: Host) -> None:
    host.add("a", ["style"])
    host.allowed = False
    with pytest.raises(FormValueError, match="switched off"):
        look_up(host, "a")
    assert SWITCHED_OFF.count("SHA-256") == 1
    assert host.asked == []


def test_what_came_back_and_what_it_changed_is_told(host: Host) -> None:
    host.add("a", ["style"])
    host.add("b")
    state = look_up(host, "a", "b", "gone")
    assert (state["done"], state["total"], state["running"]) == (3, 3, False)
    first, second, third = state["results"]
    assert first["before"] == {"type": "unknown", "confidence": 0.0}
    assert first["after"]["type"] == "style"
    assert first["after"]["confidence"] >= 0.9
    assert (second["outcome"], second["note"]) == ("unknown", "Civitai does not know this file")
    assert "no LoRA" in third["note"]
    assert host.changed == ["a"]
    assert (host.folder / "a.civitai.info").exists()
    assert all(url.startswith("https://civitai.com/api/v1/") for url in host.asked)


def test_offline_ends_it_and_says_so(host: Host) -> None:
    host.add("a")
    host.add("b")
    host.offline = True
    state = look_up(host, "a", "b")
    assert state["done"] == 1
    assert "cannot be reached" in state["stopped"]
    assert not list(host.folder.glob("*.info"))


def test_it_can_be_cancelled_and_runs_once_at_a_time(host: Host) -> None:
    for name in "abc":
        host.add(name)
    host.gate = Event()
    answers = lookup_answers(host)
    answers["library-lookup"]({"names": ["a", "b", "c"]})
    with pytest.raises(FormValueError, match="cancel"):
        answers["library-lookup"]({"names": ["a"]})
    assert answers["library-lookup-cancel"]({})["running"]
    host.gate.set()
    state = finished(host)
    assert state["done"] == 1
    assert state["stopped"] == "cancelled"


def test_a_page_that_lies_there_stays(host: Host) -> None:
    host.add("a", ["style"])
    (host.folder / "a.civitai.info").write_text('{"model": {"tags": ["character"]}}', "utf-8")
    (result,) = look_up(host, "a")["results"]
    assert "stays" in result["note"]
    assert result["after"]["type"] == "character"


def test_weights_are_measured_or_it_is_said_why_not(host: Host) -> None:
    host.add("a")
    with pytest.raises(FormValueError, match="no matrices"):
        lookup_answers(host)["library-weights"]({"name": "a"})
    with pytest.raises(FormValueError, match="no LoRA of this name"):
        lookup_answers(host)["library-weights"]({"name": "b"})
