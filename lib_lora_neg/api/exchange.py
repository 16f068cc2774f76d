"""Requests and answers of the routes: bounded JSON in, JSON or a typed error out.

No pydantic: the hosts bring version 1 or 2.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from ..hosts.form_reading import FormValueError

MAX_BODY = 1 << 20
"""Bytes of a request; two prompts of the largest size fit in."""


class ApiError(Exception):
    """An answer that is an error: a status, a code for programs, a message for people."""

    def __init__(self, status: int, code: str, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.field = field

    def as_json(self) -> dict[str, Any]:
        """Return the body of the answer."""
        error = {"code": self.code, "message": str(self)}
        if self.field is not None:
            error["field"] = self.field
        return {"error": error}


def json_response(content: Any, status: int = 200) -> Response:
    """Return an answer; plain ASCII, because a prompt may hold lone surrogates."""
    body = json.dumps(content, ensure_ascii=True, allow_nan=False)
    return Response(body, status, media_type="application/json")


async def answer(request: Request, work: Callable[[], Any]) -> Response:
    """Do ``work`` in a thread, so that nothing else waits for it, and answer with its result."""
    try:
        return json_response(await run_in_threadpool(work))
    except ApiError as error:
        return json_response(error.as_json(), error.status)
    except FormValueError as error:
        refused = ApiError(422, "bad_request", str(error), error.field)
        return json_response(refused.as_json(), refused.status)


async def answer_body(
    request: Request, work: Callable[[Mapping[str, Any]], Any], limit: int = MAX_BODY
) -> Response:
    """Like `answer`, with the JSON object that the request carries."""
    try:
        body = await read_object(request, limit)
    except ApiError as error:
        return json_response(error.as_json(), error.status)
    return await answer(request, lambda: work(body))


async def read_object(request: Request, limit: int = MAX_BODY) -> Mapping[str, Any]:
    """Return the JSON object of a request.

    Raises:
        ApiError: it is not said to be JSON (a form of another site cannot say so), larger
            than ``limit`` bytes, or no JSON object.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise ApiError(415, "not_json", "the content type must be application/json")
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > limit:
            raise ApiError(413, "too_large", f"the body is larger than {limit} bytes")
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError) as problem:
        raise ApiError(400, "not_json", f"the body is no JSON: {problem}") from problem
    if not isinstance(body, dict):
        raise ApiError(400, "not_an_object", "the body must be a JSON object")
    return body


Route = Callable[[Request], Awaitable[Response]]
