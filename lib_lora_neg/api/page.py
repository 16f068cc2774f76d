"""The page's own routes: preview, panel, library. Not public API; may change at any time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from ..hosts.answers import Answer
from .exchange import ApiError, answer_body, json_response
from .login import page_login

PREFIX = "/lora-neg/page"
MAX_PAGE_BODY = 1 << 19
"""Bytes of a request about one page's inputs or one LoRA."""

MAX_LIBRARY_BODY = 1 << 24
"""Bytes of a request that carries the decisions, or the names, of a whole library."""

LARGE = frozenset({"library-import", "library-edit"})


def add_page_routes(app: Any, answers: Mapping[str, Answer]) -> None:
    """Add one POST route per answer to gradio's ``app``, open to whom the page is open to.

    LoRAs are named, never located: no request carries a path.

    Args:
        app: the FastAPI application that serves the page.
        answers: by the last part of the address, what answers a JSON object.
    """
    login = page_login(app)
    for name, work in answers.items():
        limit = MAX_LIBRARY_BODY if name in LARGE else MAX_PAGE_BODY
        app.add_api_route(
            f"{PREFIX}/{name}",
            _route(login, work, limit),
            methods=["POST"],
            include_in_schema=False,
        )


def _route(login: Callable[[Request], None], work: Answer, limit: int) -> Callable[[Request], Any]:
    async def route(request: Request) -> Response:
        try:
            login(request)
        except ApiError as error:
            return json_response(error.as_json(), error.status)
        return await answer_body(request, work, limit)

    return route
