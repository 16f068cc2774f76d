"""The routes over HTTP, on whichever FastAPI is installed."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="FastAPI comes with the hosts")
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

from fastapi import FastAPI  # noqa: E402
from starlette.testclient import TestClient  # noqa: E402

from lib_lora_neg.api.exchange import MAX_BODY  # noqa: E402
from lib_lora_neg.api.page import add_page_routes  # noqa: E402
from lib_lora_neg.api.public import add_public_routes  # noqa: E402
from lib_lora_neg.hosts.preview import FormValues, PreviewContext  # noqa: E402
from lib_lora_neg.loras.families import ModelFamily  # noqa: E402
from lib_lora_neg.ui.panel.answers import page_answers  # noqa: E402
from tests.support.cards import card  # noqa: E402
from tests.support.preview import PreviewFor  # noqa: E402

HOST = PreviewFor(
    [card("style_x", "style", family=ModelFamily.SDXL), card("hero", "character")],
)
V1 = "/lora-neg/v1"


def client(accounts: dict[str, str] | None = None) -> TestClient:
    app = FastAPI()
    add_public_routes(app, HOST, HOST, accounts or {})
    return TestClient(app)


def test_guard_returns_what_would_be_generated() -> None:
    answer = client().post(f"{V1}/guard", json={"prompt": "<lora:style_x:-0.9>", "cfg_scale": 9})
    body = answer.json()
    assert answer.status_code == 200
    assert (body["prompt"], body["cfg_scale"], body["changed"]) == ("<lora:style_x:-0.5>", 6, True)
    assert [finding["rule"] for finding in body["findings"]] == ["R1", "R3"]


def test_guard_with_a_hires_pass() -> None:
    asked = {"prompt": "a", "hires": True, "hr_prompt": "b <lora:style_x:-0.9>", "hr_cfg": 8}
    body = client().post(f"{V1}/guard", json=asked).json()
    assert body["hr_prompt"] == "b <lora:style_x:-0.5>"
    assert body["hr_cfg"] == 6


def test_check_returns_findings_and_no_texts() -> None:
    body = client().post(f"{V1}/check", json={"prompt": "<lora:hero:-1>", "mode": "advise"}).json()
    assert body["changed"] is False
    assert body["findings"][0]["effect"] == "advised"
    assert "prompt" not in body


def test_rules_of_a_request() -> None:
    asked = {"prompt": "<lora:style_x:-0.9>", "rules": {"R1": "off", "R3": "Off"}}
    assert client().post(f"{V1}/check", json=asked).json()["findings"] == []


BAD = [
    ({"prompt": 5}, 422, "prompt"),
    ({"prompt": "a" * 100_001}, 422, "prompt"),
    ({"cfg_scale": "7"}, 422, "cfg_scale"),
    ({"cfg_scale": True}, 422, "cfg_scale"),
    ({"cfg_scale": -0.5}, 422, "cfg_scale"),
    ({"cfg_scale": 100.5}, 422, "cfg_scale"),
    ({"cfg_scale": 10**400}, 422, "cfg_scale"),
    ({"hr_cfg": "7"}, 422, "hr_cfg"),
    ({"hr_cfg": -1}, 422, "hr_cfg"),
    ({"enabled": "false"}, 422, "enabled"),
    ({"enabled": 0}, 422, "enabled"),
    ({"mode": ["Off"]}, 422, "mode"),
    ({"mode": "Off" * 100}, 422, "mode"),
    ({"rules": {"R1": None}}, 422, "rules"),
    ({"mode": "sometimes"}, 422, "mode"),
    ({"rules": {"R99": "Off"}}, 422, "rules"),
    ({"rules": ["R1"]}, 422, "rules"),
    ({"styles": "x"}, 422, "styles"),
    ({"hires": 1}, 422, "hires"),
    ({"family": 3}, 422, "family"),
    ({"family": "sdlx"}, 422, "family"),
]


@pytest.mark.parametrize(("body", "status", "field"), BAD)
def test_bad_values_are_typed_errors(body: dict[str, Any], status: int, field: str) -> None:
    answer = client().post(f"{V1}/check", json=body)
    assert answer.status_code == status
    assert answer.json()["error"]["field"] == field


@pytest.mark.parametrize(
    ("raw", "kind", "status", "code"),
    [
        (b"{}", "text/plain", 415, "not_json"),
        (b"prompt=a", "application/x-www-form-urlencoded", 415, "not_json"),
        (b"{", "application/json", 400, "not_json"),
        (b"\xff\xfe", "application/json", 400, "not_json"),
        (b"[" * 100_000, "application/json", 400, "not_json"),
        (b"[]", "application/json", 400, "not_an_object"),
        (b'{"cfg_scale": NaN}', "application/json", 422, "bad_request"),
        (b'{"cfg_scale": 1e999}', "application/json", 422, "bad_request"),
        (b'{"prompt": "' + b"a" * MAX_BODY + b'"}', "application/json", 413, "too_large"),
    ],
)
def test_bad_bodies_are_typed_errors(raw: bytes, kind: str, status: int, code: str) -> None:
    answer = client().post(f"{V1}/check", content=raw, headers={"content-type": kind})
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


def test_fields_at_their_bounds_and_null_are_taken() -> None:
    for body in (
        {"cfg_scale": 0},
        {"cfg_scale": 100},
        {"cfg_scale": None, "hires": None, "enabled": None, "mode": None, "rules": None},
        {"hires": True, "hr_cfg": 0},
    ):
        assert client().post(f"{V1}/check", json=body).status_code == 200, body


def test_lone_surrogates_come_back() -> None:
    raw = b'{"prompt": "\\ud83d <lora:style_x:-0.9>"}'
    answer = client().post(f"{V1}/guard", content=raw, headers={"content-type": "application/json"})
    assert json.loads(answer.content)["prompt"] == "\ud83d <lora:style_x:-0.5>"


def test_library() -> None:
    body = client().get(f"{V1}/library").json()
    assert body["total"] == 2
    assert [lora["name"] for lora in body["loras"]] == ["hero", "style_x"]
    assert client().get(f"{V1}/library?limit=1&offset=1").json()["loras"][0]["name"] == "style_x"
    assert client().get(f"{V1}/library?limit=-1").status_code == 422


def test_a_card_tells_no_path() -> None:
    answer = client().get(f"{V1}/library/style_x")
    assert answer.json()["range"]["floor"] == -0.5
    assert ".safetensors" not in answer.text


def test_a_card_has_the_range_of_the_settings_in_force(monkeypatch: pytest.MonkeyPatch) -> None:
    context = HOST.context

    def strict(form: FormValues, *rest: object) -> PreviewContext:
        found = context(form, *rest)
        return replace(found, settings=replace(found.settings, floors={"style": -0.25}))

    monkeypatch.setattr(HOST, "context", strict, raising=False)
    told = client().get(f"{V1}/library/style_x").json()["range"]
    assert told["floor"] == -0.25
    assert "you" in told["reference"] or "setting" in told["reference"]


@pytest.mark.parametrize("name", ["nobody", "..", "../../etc/passwd", "%2e%2e%2fstyle_x", "a%00b"])
def test_unknown_names_are_not_found(name: str) -> None:
    assert client().get(f"{V1}/library/{name}").status_code == 404


@pytest.mark.parametrize(
    ("auth", "status"),
    [(None, 401), (("user", "no"), 401), (("other", "pass"), 401), (("user", "pa:ss word"), 200)],
)
def test_the_api_asks_for_its_own_account(auth: tuple[str, str] | None, status: int) -> None:
    guarded = client({"user": "pa:ss word"})
    assert guarded.get(f"{V1}/library", auth=auth).status_code == status
    assert guarded.post(f"{V1}/check", json={}, auth=auth).status_code == status


def test_it_describes_itself() -> None:
    schema = client().get("/openapi.json").json()
    paths = schema["paths"]
    assert {path for path in paths if path.startswith("/lora-neg")} == {
        f"{V1}/library",
        f"{V1}/library/{{name}}",
        f"{V1}/check",
        f"{V1}/guard",
        f"{V1}/export",
    }
    body = paths[f"{V1}/guard"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert "negative_prompt" in body["properties"]
    assert "413" in paths[f"{V1}/check"]["post"]["responses"]
    names = [p["name"] for p in paths[f"{V1}/library/{{name}}"]["get"]["parameters"]]
    assert names == ["name"]


def page(auth: object = None, **tokens: str) -> TestClient:
    app = FastAPI()
    app.auth = auth
    app.tokens = tokens
    add_page_routes(app, page_answers(HOST, HOST))
    return TestClient(app)


def test_the_page_is_open_where_nobody_logs_in() -> None:
    body = page().post("/lora-neg/page/check", json={"prompt": "<lora:style_x:-0.9>"}).json()
    assert body["changes"] == 2


@pytest.mark.parametrize(
    ("cookies", "status"),
    [
        ({}, 401),
        ({"access-token": "wrong"}, 401),
        ({"other": "secret"}, 401),
        ({"access-token": "secret"}, 200),
        ({"access-token-unsecure": "secret"}, 200),
        ({"access-token-unsecure-a1b2": "secret"}, 200),
    ],
)
def test_the_page_carries_its_own_login(cookies: dict[str, str], status: int) -> None:
    logged_in = page(auth={"user": "x"}, secret="user")
    logged_in.cookies = cookies
    answer = logged_in.post("/lora-neg/page/check", json={"prompt": "a"})
    assert answer.status_code == status


def test_switches_of_the_page() -> None:
    asked = {"prompt": "<lora:style_x:-0.9>", "switches": {"R1": False, "R3": True}}
    chips = page().post("/lora-neg/page/check", json=asked).json()["chips"]
    assert [chip["rule"] for chip in chips] == ["R3"]
    by_place = page().post("/lora-neg/page/check", json={**asked, "switches": [False]})
    assert by_place.status_code == 422


def test_recommended_tag_of_a_card() -> None:
    answer = page().post("/lora-neg/page/negative-tag", json={"lora": "style_x"}).json()
    assert answer["tag"] == "<lora:style_x_alias:0.5:-0.3>"
    refused = page().post("/lora-neg/page/negative-tag", json={"lora": "hero"}).json()
    assert refused["tag"] is None
    assert page().post("/lora-neg/page/negative-tag", json={"lora": 5}).status_code == 422


def test_the_pages_routes_are_no_part_of_the_api() -> None:
    app = SimpleNamespace(auth=None, tokens={})
    seen = []
    app.add_api_route = lambda path, route, **how: seen.append((path, how["include_in_schema"]))
    add_page_routes(app, page_answers(HOST, HOST))
    names = ("check", "negative-tag", "tools", "export")
    assert seen == [(f"/lora-neg/page/{name}", False) for name in names]
