"""Look-ups against a local server that answers as Civitai's API does."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from lib_lora_neg.library.civitai import CivitaiLookup, LookupOutcome, save_page, sha256_of
from lib_lora_neg.loras import LoraType, read_card
from tests.support.blank_loras import write_blank_lora


class Server(ThreadingHTTPServer):
    answers: dict[str, tuple[int, bytes]]
    asked: list[str]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        status, body = self.server.answers.get(self.path, (404, b'{"error": "not found"}'))
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "http://127.0.0.1:1/elsewhere")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server(("127.0.0.1", 0), Handler)
    server.answers, server.asked = {}, []
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def lora(tmp_path: Path) -> Path:
    return write_blank_lora(tmp_path / "a.safetensors", {"x.lora_down.weight": (4, 8)})


def by_hash(lora: Path) -> str:
    return f"/api/v1/model-versions/by-hash/{sha256_of(lora).upper()}"


def know(server: Server, lora: Path) -> None:
    version = {"modelId": 7, "trainedWords": ["inkwash"], "model": {"name": "Ink", "type": "LORA"}}
    model = {"name": "Ink", "tags": ["style", "ink"], "description": "<p>Ink</p>"}
    server.answers[by_hash(lora)] = (200, json.dumps(version).encode())
    server.answers["/api/v1/models/7"] = (200, json.dumps(model).encode())


def lookup(tmp_path: Path, server: Server, **more: Any) -> CivitaiLookup:
    more.setdefault("interval", 0.0)
    return CivitaiLookup(tmp_path / "pages", enabled=True, base_url=server.url, **more)


def test_off_by_default(tmp_path: Path, server: Server, lora: Path) -> None:
    found = CivitaiLookup(tmp_path / "pages", base_url=server.url).look_up(lora)
    assert found.outcome is LookupOutcome.DISABLED
    assert server.asked == []


def test_tags_come_from_the_model(tmp_path: Path, server: Server, lora: Path) -> None:
    know(server, lora)
    found = lookup(tmp_path, server).look_up(lora)
    assert found.outcome is LookupOutcome.FOUND
    assert found.facts is not None
    assert found.facts.categories == ("style", "ink")
    assert found.facts.trained_words == ("inkwash",)
    assert save_page(lora, found)
    assert not save_page(lora, found)
    assert read_card(lora).inference.type is LoraType.STYLE


def test_answers_are_remembered(tmp_path: Path, server: Server, lora: Path) -> None:
    know(server, lora)
    lookup(tmp_path, server).look_up(lora)
    again = lookup(tmp_path, server).look_up(lora)
    assert again.cached
    assert again.outcome is LookupOutcome.FOUND
    assert len(server.asked) == 2


def test_unknown_is_remembered_too(tmp_path: Path, server: Server, lora: Path) -> None:
    assert lookup(tmp_path, server).look_up(lora).outcome is LookupOutcome.UNKNOWN
    assert lookup(tmp_path, server).look_up(lora).cached
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("status", "body"),
    [(429, b""), (500, b""), (302, b""), (200, b"<html>"), (200, b"[]"), (200, b"{}")],
)
def test_refusals_are_not_remembered(
    tmp_path: Path, server: Server, lora: Path, status: int, body: bytes
) -> None:
    server.answers[by_hash(lora)] = (status, body)
    found = lookup(tmp_path, server).look_up(lora)
    assert found.outcome is LookupOutcome.REFUSED
    assert found.note
    assert found.facts is None
    know(server, lora)
    assert lookup(tmp_path, server).look_up(lora).outcome is LookupOutcome.FOUND


def test_offline(tmp_path: Path, server: Server, lora: Path) -> None:
    asker = CivitaiLookup(tmp_path / "pages", enabled=True, base_url="http://127.0.0.1:1")
    found = asker.look_up(lora)
    assert found.outcome is LookupOutcome.OFFLINE
    assert "cannot be reached" in found.note


def test_requests_keep_their_distance(tmp_path: Path, server: Server, lora: Path) -> None:
    know(server, lora)
    waits: list[float] = []
    lookup(tmp_path, server, interval=5.0, sleep=waits.append).look_up(lora)
    assert len(waits) == 1
    assert 4.0 < waits[0] <= 5.0
