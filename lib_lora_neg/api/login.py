"""Who may ask: the API's own credentials, and the page's login."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from secrets import compare_digest
from typing import Any

from fastapi import Depends, HTTPException
from fastapi.security import HTTPBasic, HTTPBasicCredentials
from starlette.requests import Request

from .exchange import ApiError
from .origin import FOREIGN, foreign_site

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
"""What changes nothing (RFC 9110, 9.2.1)."""

KNOWN_ORIGIN = "lora_neg.known_origin"
"""In a request's ASGI scope: a server of ours has judged where it comes from."""


def basic_auth(accounts: Mapping[str, str]) -> list[Any]:
    """Return route dependencies that ask for one of ``accounts``; none when there are none.

    The host guards its own API in the same way (``--api-auth``).
    """
    if not accounts:
        return []

    def check(credentials: HTTPBasicCredentials = Depends(HTTPBasic())) -> None:  # noqa: B008
        expected = accounts.get(credentials.username)
        given = credentials.password.encode("utf-8", "surrogatepass")
        if expected is None or not compare_digest(given, expected.encode("utf-8")):
            raise HTTPException(
                401, "Incorrect username or password", {"WWW-Authenticate": "Basic"}
            )

    return [Depends(check)]


def page_login(app: Any) -> Callable[[Request], None]:
    """Return a check that takes requests from gradio's page alone, of people who are logged in.

    A browser sends the cookie of a login whichever page makes the request, so a request that may
    change something is taken from the page's own origin only. The login works without ``--api`` and
    without the API's credentials, which the page does not have.
    """

    def check(request: Request) -> None:
        if request.method not in SAFE_METHODS and not request.scope.get(KNOWN_ORIGIN):
            site = foreign_site(request.headers, forwarded=True)
            if site is not None:
                raise ApiError(403, "other_site", FOREIGN.format(site=site))
        if getattr(app, "auth", None) is None and getattr(app, "auth_dependency", None) is None:
            return
        tokens = getattr(app, "tokens", {})
        for name, value in request.cookies.items():
            # gradio 4 appends an identifier of its own to the name.
            if name.startswith("access-token") and tokens.get(value) is not None:
                return
        raise ApiError(401, "not_logged_in", "log in to the page first")

    return check
