"""The page's own addresses: what they hand out, and to whom; no browser needed."""

from __future__ import annotations

import json
import re
import signal
import socket
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


def test_it_listens_on_this_machine_alone_and_ends_when_it_is_told(gradio_6, tmp_path):
    page = serve(tmp_path)
    outside = own_address()
    if outside:
        with pytest.raises(OSError, match="refused"):
            socket.create_connection((outside, int(page.url.split(":")[2].strip("/"))), 5)
    page.process.send_signal(signal.SIGINT)
    assert page.process.wait(20) == 0
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


ADDRESSES = (
    ("GET", "/"),
    ("HEAD", "/"),
    ("OPTIONS", "/"),
    ("GET", "/config"),
    ("GET", "/gradio_api/info"),
    ("GET", "/gradio_api/startup-events"),
    ("GET", "/gradio_api/queue/data?session_hash=abc"),
    ("GET", "/gradio_api/heartbeat/abc"),
    ("POST", "/gradio_api/queue/join"),
    ("POST", "/gradio_api/upload"),
    ("POST", "/gradio_api/call/anything"),
    ("OPTIONS", "/gradio_api/queue/join"),
    ("GET", "/lora-neg/page/assets/page.js"),
    ("POST", "/lora-neg/page/check"),
    ("POST", "/lora-neg/page/library-edit"),
    ("GET", "/nowhere"),
)


def first_line(served: Served, method: str, path: str, *headers: str) -> str:
    """Send one request as it is and return the answer: all of a refusal, else its beginning."""
    port = int(served.url.split(":")[2].strip("/"))
    lines = [f"{method} {path} HTTP/1.1", *headers, "Connection: close", "Content-Length: 0"]
    with socket.create_connection(("127.0.0.1", port), 20) as sock:
        sock.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        answer = b""
        # Header and body come in pieces; a refusal ends with the connection, a stream never does.
        while b"\r\n\r\n" not in answer or answer.startswith(b"HTTP/1.1 4"):
            piece = sock.recv(65536)
            if not piece:
                break
            answer += piece
    return answer.decode(errors="replace")


@pytest.mark.parametrize(("method", "path"), ADDRESSES)
def test_no_address_answers_to_a_foreign_name_or_page(served, method, path):
    own = f"Host: {served.url.split('/')[2]}"
    rebound = first_line(served, method, path, "Host: evil.example:7860")
    assert rebound.startswith("HTTP/1.1 421 "), rebound[:200]
    foreign = first_line(served, method, path, own, "Origin: http://evil.example")
    assert foreign.startswith("HTTP/1.1 403 "), foreign[:200]
    same = first_line(served, method, path, own, f"Origin: {served.url.rstrip('/')}")
    assert not same.startswith(("HTTP/1.1 421", "HTTP/1.1 403")), same[:200]


def test_a_refusal_says_the_way_out_in_one_line(served):
    said = first_line(served, "GET", "/", "Host: evil.example").partition("\r\n\r\n")[2]
    assert "evil.example" in said
    assert "--allowed-host" in said
    assert said.count("\n") == 1


def test_a_websocket_of_a_foreign_page_is_refused(served):
    upgrade = ("Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: AAAA")
    for host in ("evil.example", served.url.split("/")[2]):
        headers = (f"Host: {host}", "Origin: http://evil.example", *upgrade)
        answer = first_line(served, "GET", "/gradio_api/ws", *headers)
        assert answer.startswith(("HTTP/1.1 403", "HTTP/1.1 421")), answer[:200]


def test_names_that_were_allowed_and_addresses_of_a_listening_page(gradio_6, tmp_path):
    page = serve(tmp_path, "--listen", "--allowed-host", "guard.example.org")
    try:
        for host, status in (
            ("guard.example.org", 200),
            ("192.0.2.7:7860", 200),
            (f"{socket.gethostname()}:7860", 200),
            ("evil.example", 421),
        ):
            answer = first_line(page, "GET", "/config", f"Host: {host}")
            assert answer.startswith(f"HTTP/1.1 {status} "), (host, answer[:200])
        # A proxy that asks by another name than it was asked by.
        own = f"Host: {page.url.split('/')[2]}"
        origin = "Origin: https://guard.example.org"
        kind = "Content-Type: application/json"
        answer = first_line(page, "POST", "/lora-neg/page/check", own, origin, kind)
        assert answer.startswith("HTTP/1.1 400 "), answer[:200]
    finally:
        page.end()
