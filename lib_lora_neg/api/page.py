"""The page's own routes: the live preview. Not part of the public API; may change at any time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from .exchange import ApiError, answer_body, json_response
from .login import page_login

PREFIX = "/lora-neg/page"
MAX_PAGE_BODY = 1 << 19

Answer = Callable[[Mapping[str, Any]], Any]


def add_page_routes(app: Any, answers: Mapping[str, Answer]) -> None:
    """Add one POST route per answer to gradio's ``app``, open to whom the page is open to.

    Args:
        app: the FastAPI application that serves the page.
        answers: by the last part of the address, what answers a JSON object.
    """
    login = page_login(app)
    for name, work in answers.items():
        app.add_api_route(
            f"{PREFIX}/{name}", _route(login, work), methods=["POST"], include_in_schema=False
        )


def _route(login: Callable[[Request], None], work: Answer) -> Callable[[Request], Any]:
    async def route(request: Request) -> Response:
        try:
            login(request)
        except ApiError as error:
            return json_response(error.as_json(), error.status)
        return await answer_body(request, work, MAX_PAGE_BODY)

    return route
