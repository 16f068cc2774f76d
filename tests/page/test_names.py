"""The names by which the page may be asked: which are ours, and whose page a request is from."""

from __future__ import annotations

import pytest

from lib_lora_neg.api.origin import Authority, foreign_site, read_authority
from lib_lora_neg.page.names import ServerNames, read_allowed
from lib_lora_neg.page.options import ServeError, read_names

HERE = ServerNames("127.0.0.1", machine="studio")
OPEN = ServerNames("0.0.0.0", listen=True, machine="studio")
BEHIND = ServerNames("127.0.0.1", allowed=frozenset({"guard.example.org", "*.home.example"}))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("localhost:7860", Authority("localhost", 7860)),
        ("LocalHost.", Authority("localhost", None)),
        ("[::1]:80", Authority("::1", 80)),
        ("127.0.0.1", Authority("127.0.0.1", None)),
        ("localhost:65536", None),
        ("localhost:", None),
        ("a b", None),
        ("user@localhost", None),
        ("localhost/x", None),
        ("..", None),
        (".", None),
        ("", None),
        ("a" * 256, None),
        (":" * 100_000, None),
    ],
)
def test_an_authority(text, expected):
    assert read_authority(text) == expected


@pytest.mark.parametrize(
    ("names", "host", "ours"),
    [
        (HERE, "localhost", True),
        (HERE, "localhost:7860", True),
        (HERE, "127.0.0.1:7860", True),
        (HERE, "127.8.9.10", True),
        (HERE, "[::1]:7860", True),
        (HERE, "[::ffff:127.0.0.1]:7860", True),
        (HERE, "[::ffff:192.168.0.4]", False),
        (HERE, "evil.example:7860", False),
        (HERE, "localhost.evil.example", False),
        (HERE, "127.0.0.1.evil.example", False),
        (HERE, "evil.localhost", False),
        (HERE, "192.168.0.4:7860", False),
        (HERE, "0.0.0.0:7860", False),
        (HERE, "studio", False),
        (OPEN, "192.168.0.4:7860", True),
        (OPEN, "[fd00::4]:7860", True),
        (OPEN, "studio:7860", True),
        (OPEN, "STUDIO.local:7860", True),
        (OPEN, "studio.evil.example", False),
        (OPEN, "evil.example", False),
        (BEHIND, "guard.example.org", True),
        (BEHIND, "guard.example.org:8443", True),
        (BEHIND, "a.home.example", True),
        (BEHIND, "home.example", False),
        (BEHIND, "evilhome.example", False),
        (BEHIND, "other.example.org", False),
        (ServerNames("127.0.0.1", allowed=frozenset("*")), "anything.example", True),
    ],
)
def test_which_names_are_ours(names, host, ours):
    refused = names.refusal([("host", host)])
    assert (refused is None) is ours
    if refused is not None:
        assert refused[0] == 421
        assert "--allowed-host" in refused[1]


def test_no_name_or_two_are_refused():
    assert HERE.refusal([])[0] == 421
    assert HERE.refusal([("host", "localhost"), ("host", "localhost")])[0] == 421
    twice = [("host", "localhost"), ("origin", "http://localhost"), ("origin", "http://localhost")]
    assert HERE.refusal(twice)[0] == 403


@pytest.mark.parametrize(
    ("headers", "foreign"),
    [
        ({}, False),
        ({"origin": "http://localhost:7860"}, False),
        ({"origin": "http://LOCALHOST:7860"}, False),
        ({"origin": "http://localhost:3000"}, True),
        ({"origin": "http://127.0.0.1:7860"}, True),
        ({"origin": "https://evil.example"}, True),
        ({"origin": "null"}, True),
        ({"origin": ""}, True),
        ({"origin": "file://"}, True),
        ({"origin": "http://localhost:7860@evil.example"}, True),
        ({"origin": "chrome-extension://abc"}, True),
        ({"sec-fetch-site": "same-origin"}, False),
        ({"sec-fetch-site": "none"}, False),
        ({"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"}, True),
        ({"sec-fetch-site": "same-site", "sec-fetch-mode": "cors"}, True),
        # A link to the page on another site's page is only a link.
        ({"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}, False),
        (
            {
                "sec-fetch-site": "cross-site",
                "sec-fetch-mode": "navigate",
                "origin": "https://evil.example",
            },
            True,
        ),
        ({"origin": "https://evil.example", "x-forwarded-host": "evil.example"}, True),
    ],
)
def test_whose_page_asks(headers, foreign):
    refused = HERE.refusal([("host", "localhost:7860"), *headers.items()])
    assert (refused is not None) is foreign
    if refused is not None:
        assert refused[0] == 403


def test_behind_a_proxy_that_keeps_the_name_and_one_that_does_not():
    origin = ("origin", "https://guard.example.org")
    assert BEHIND.refusal([("host", "guard.example.org"), origin]) is None
    assert BEHIND.refusal([("host", "127.0.0.1:7860"), origin]) is None
    assert HERE.refusal([("host", "127.0.0.1:7860"), origin])[0] == 403
    any_name = ServerNames("127.0.0.1", allowed=frozenset("*"))
    assert any_name.refusal([("host", "guard.example.org"), origin]) is None
    assert any_name.refusal([("host", "127.0.0.1:7860"), origin])[0] == 403


def test_a_host_that_says_itself_by_what_name_it_was_asked():
    headers = {
        "host": "127.0.0.1:7860",
        "origin": "https://guard.example.org",
        "x-forwarded-host": "guard.example.org, inner",
    }
    assert foreign_site(headers) == "https://guard.example.org"
    assert foreign_site(headers, forwarded=True) is None


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ([], set()),
        (["guard.example.org"], {"guard.example.org"}),
        (["https://Guard.Example.org:8443/, b"], {"guard.example.org", "b"}),
        (["*.home.example", "10.0.0.7", "[fd00::7]", "fd00::8"], None),
        (["*"], {"*"}),
    ],
)
def test_allowed_names(texts, expected):
    if expected is None:
        expected = {"*.home.example", "10.0.0.7", "fd00::7", "fd00::8"}
    assert read_allowed(texts) == expected


@pytest.mark.parametrize("text", ["", "a,,b", "a b", "http://", "a*b", "a/b", "x" * 300])
def test_what_is_no_name_is_said(text):
    with pytest.raises(ServeError, match="--allowed-host"):
        read_names([text])
