"""The scan tab's own routes. Not part of the public API; may change at any time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from ..hosts.answers import Answer, FileAnswer
from ..hosts.form_reading import FormValueError
from .exchange import ApiError, json_response
from .login import page_login
from .page import PREFIX, add_page_routes

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'; img-src data:; "
    "style-src 'unsafe-inline'",
}


def add_scan_routes(
    app: Any,
    answers: Mapping[str, Answer],
    files: Mapping[str, FileAnswer],
) -> None:
    """Add the tab's routes to gradio's ``app``, open to whom the page is open to.

    LoRAs, scans and pictures are named, never located: no request carries a path.

    Args:
        app: the FastAPI application that serves the page.
        answers: by the last part of the address, what answers a JSON object.
        files: likewise, what hands out a file for a query.
    """
    add_page_routes(app, answers)
    login = page_login(app)
    for name, work in files.items():
        app.add_api_route(
            f"{PREFIX}/{name}", _file_route(login, work), methods=["GET"], include_in_schema=False
        )


def _file_route(login: Callable[[Request], None], work: FileAnswer) -> Callable[[Request], Any]:
    async def route(request: Request) -> Response:
        query = dict(request.query_params)
        try:
            login(request)
            found = await run_in_threadpool(work, query)
        except ApiError as error:
            return json_response(error.as_json(), error.status)
        except FormValueError as error:
            missing = ApiError(404, "not_found", str(error), error.field)
            return json_response(missing.as_json(), missing.status)
        # A scan's name holds the hash of everything that decides its pictures.
        kept = "private, max-age=3600" if found.lasting else "no-store"
        headers = {**HEADERS, "Cache-Control": kept}
        if found.download:
            name = quote(found.download, safe="")
            headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{name}"
        return Response(found.data, media_type=found.media_type, headers=headers)

    return route
