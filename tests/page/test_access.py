"""The page's own addresses: what they hand out, and to whom; no browser needed."""

from __future__ import annotations

import json
import re
import signal
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.cookiejar import CookieJar
from urllib.parse import urlencode

import pytest

from .conftest import Served, serve


@pytest.fixture(scope="module")
def guarded(gradio_6: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    found = serve(tmp_path_factory.mktemp("auth"), "--auth", "me:secret")
    yield found
    found.end()


def ask(opener: urllib.request.OpenerDirector, url: str, body: object) -> tuple[int, str]:
    request = urllib.request.Request(
        url, json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    try:
        with opener.open(request, timeout=20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode()


ROUTES = ("check", "negative-tag", "library-rows", "library-edit", "library-export")


def test_our_routes_ask_for_the_pages_login(guarded):
    anybody = urllib.request.build_opener()
    for name in ROUTES:
        status, text = ask(anybody, f"{guarded.url}lora-neg/page/{name}", {"names": []})
        assert (status, "not_logged_in" in text) == (401, True), name
    visitor = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
    login = urlencode({"username": "me", "password": "secret"}).encode()
    with visitor.open(f"{guarded.url}login", login, timeout=20) as answer:
        assert answer.status == 200
    body = {"prompt": "a <lora:ink:-0.9>", "cfg_scale": 7}
    status, text = ask(visitor, f"{guarded.url}lora-neg/page/check", body)
    assert status == 200
    assert json.loads(text)["changes"] == 2


def test_a_wrong_password_gets_nothing(guarded):
    visitor = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
    login = urlencode({"username": "me", "password": "wrong"}).encode()
    with pytest.raises(urllib.error.HTTPError):
        visitor.open(f"{guarded.url}login", login, timeout=20)
    status, _ = ask(visitor, f"{guarded.url}lora-neg/page/check", {"prompt": "a"})
    assert status == 401


def test_scripts_are_served_once_and_kept(served):
    html = urllib.request.urlopen(served.url, timeout=20).read().decode()
    found = re.findall(r"\./(lora-neg/page/assets/page\.(?:js|css)\?[0-9a-f]{12})", html)
    assert len(set(found)) == 2
    for address in set(found):
        with urllib.request.urlopen(served.url + address, timeout=20) as answer:
            assert "immutable" in answer.headers["Cache-Control"]
            assert b"lora-neg" in answer.read()
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(f"{served.url}lora-neg/page/assets/..%2F..%2Fcli.py", timeout=20)


def test_what_the_page_remembers_is_not_handed_out(served):
    secret = served.output / ".lora-neg" / "secret.txt"
    secret.parent.mkdir(exist_ok=True)
    secret.write_text("private")
    for path in (secret, "/etc/hostname"):
        with pytest.raises(urllib.error.HTTPError, match="40"):
            urllib.request.urlopen(f"{served.url}gradio_api/file={path}", timeout=20)


def test_it_listens_on_this_machine_alone_and_ends_at_once(gradio_6, tmp_path):
    page = serve(tmp_path)
    outside = own_address()
    if outside:
        with pytest.raises(OSError, match="refused"):
            socket.create_connection((outside, int(page.url.split(":")[2].strip("/"))), 5)
    began = time.monotonic()
    page.process.send_signal(signal.SIGINT)
    assert page.process.wait(20) == 0
    assert time.monotonic() - began < 5
    page.end()


def own_address() -> str:
    """Return this machine's address in its network; empty where it is in none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            sock.connect(("192.0.2.1", 9))  # nothing is sent
        except OSError:
            return ""
        found = str(sock.getsockname()[0])
    return "" if found.startswith("127.") else found
