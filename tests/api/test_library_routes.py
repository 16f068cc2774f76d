"""The library's routes over HTTP, on whichever FastAPI is installed."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="FastAPI comes with the hosts")
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

from fastapi import FastAPI  # noqa: E402
from starlette.testclient import TestClient  # noqa: E402

from lib_lora_neg.api.page import (  # noqa: E402
    MAX_LIBRARY_BODY,
    MAX_PAGE_BODY,
    add_page_routes,
)
from lib_lora_neg.loras.families import ModelFamily  # noqa: E402
from lib_lora_neg.ui.library.answers import library_answers  # noqa: E402
from tests.support.cards import card  # noqa: E402
from tests.support.library import MemoryLibrary  # noqa: E402

PAGE = "/lora-neg/page"
ROUTES = tuple(library_answers(MemoryLibrary()))
HOSTILE = ("<img src=x onerror=alert(1)>", "\udcff\udcfe", "\u202eback", "../../x", "n" * 900)


def library() -> MemoryLibrary:
    cards = [card("a", "style", family=ModelFamily.SDXL), card("b", "character")]
    return MemoryLibrary(*cards, *(card(name, "style", triggers=(name,)) for name in HOSTILE))


def client(host: MemoryLibrary, app: Any = None) -> TestClient:
    app = app or FastAPI()
    add_page_routes(app, library_answers(host))
    return TestClient(app)


def test_rows_details_and_an_edit() -> None:
    host = library()
    page = client(host)
    rows = page.post(f"{PAGE}/library-rows", json={"search": "a", "type": "style"}).json()
    assert "a" in [row["name"] for row in rows["rows"]]
    edit = {"names": ["a"], "set": {"type": "concept", "range": {"floor": -0.2}}}
    assert page.post(f"{PAGE}/library-edit", json=edit).json()["saved"] == 1
    shown = page.post(f"{PAGE}/library-detail", json={"name": "a"}).json()
    assert (shown["type"], shown["range"]) == ("concept", "≥ −0.2")
    assert page.post(f"{PAGE}/library-undo", json={}).json()["saved"] == 1
    assert page.post(f"{PAGE}/library-undo", json={}).status_code == 422


@pytest.mark.parametrize("name", HOSTILE)
def test_any_name_survives_the_way_there_and_back(name: str) -> None:
    host = library()
    page = client(host)
    listed = page.post(f"{PAGE}/library-names", json={}).json()["names"]
    assert name in listed
    answer = page.post(
        f"{PAGE}/library-edit",
        content=json.dumps({"names": [name], "clear": True}),
        headers={"Content-Type": "application/json"},
    )
    assert answer.json()["unknown"] == 0
    assert "<img" not in answer.headers["content-type"]


@pytest.mark.parametrize("route", ROUTES)
def test_every_route_is_for_the_page_alone(route: str) -> None:
    page = client(library())
    assert page.get(f"{PAGE}/{route}").status_code == 405
    form = page.post(f"{PAGE}/{route}", content="a=b", headers={"Content-Type": "text/plain"})
    assert form.status_code == 415
    for body in ("[]", '"x"', "{", "[" * 100_000):
        sent = page.post(
            f"{PAGE}/{route}", content=body, headers={"Content-Type": "application/json"}
        )
        assert sent.status_code == 400


@pytest.mark.parametrize("route", ROUTES)
def test_every_route_bounds_its_body(route: str) -> None:
    limit = MAX_LIBRARY_BODY if route in ("library-edit", "library-import") else MAX_PAGE_BODY
    page = client(library())
    large = b'{"x": "' + b"y" * limit + b'"}'
    sent = page.post(f"{PAGE}/{route}", content=large, headers={"Content-Type": "application/json"})
    assert sent.status_code == 413


@pytest.mark.parametrize("route", ROUTES)
def test_no_route_takes_anything_from_a_page_of_another_site(route: str) -> None:
    page = client(library())
    for headers, refused in (
        ({"Origin": "https://evil.example"}, True),
        ({"Origin": "null"}, True),
        ({"Sec-Fetch-Site": "cross-site"}, True),
        ({"Origin": "http://testserver"}, False),
        ({"Origin": "https://name.example", "X-Forwarded-Host": "name.example"}, False),
        ({"Origin": "https://name.example", "Sec-Fetch-Site": "same-origin"}, False),
        ({}, False),
    ):
        answer = page.post(f"{PAGE}/{route}", json={}, headers=headers)
        assert (answer.status_code == 403) is refused, headers
        assert ("other_site" in answer.text) is refused


@pytest.mark.parametrize("route", ROUTES)
def test_every_route_asks_for_the_page_s_login(route: str) -> None:
    app = FastAPI()
    app.auth = {"user": "password"}  # type: ignore[attr-defined]
    app.tokens = {"token": "user"}  # type: ignore[attr-defined]
    page = client(library(), app)
    assert page.post(f"{PAGE}/{route}", json={}).status_code == 401
    page.cookies.set("access-token", "token")
    assert page.post(f"{PAGE}/{route}", json={}).status_code in (200, 422)


def test_no_answer_holds_a_path_of_this_machine() -> None:
    host = library()
    host.inferred["a"] = replace(host.inferred["a"], path="/home/somebody/loras/a.safetensors")
    host.location = lambda found: "loras/a.safetensors"  # type: ignore[method-assign]
    page = client(host)
    for route, body in (("rows", {}), ("detail", {"name": "a"}), ("export", {}), ("status", {})):
        assert "somebody" not in page.post(f"{PAGE}/library-{route}", json=body).text
