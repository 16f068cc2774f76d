"""What the browser gets from us beside gradio's own page: scripts, style, and answers."""

from __future__ import annotations

import hashlib
import sysconfig
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from ..api.login import KNOWN_ORIGIN
from ..api.page import add_page_routes
from ..api.scan_routes import add_scan_routes
from ..hosts.answers import Answer, FileAnswer
from .names import ServerNames

PREFIX = "/lora-neg/page/assets"
SCRIPT = "javascript/lora_neg.js"
OWN = Path(__file__).parent / "assets"
CHECKOUT = Path(__file__).parents[2]
SHARE = "share/sd-webui-lora-neg"
"""Where an installed package has the extension's files, below the environment's data folder."""

REFUSED_SOCKET = 1008
"""A WebSocket's "policy violation" (RFC 6455, 7.4.1)."""

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class AssetsMissingError(RuntimeError):
    """The extension's scripts are neither beside the package nor installed with it."""


def extension_folder() -> Path:
    """Return the folder with ``style.css`` and the script.

    Raises:
        AssetsMissingError: there is none.
    """
    for folder in (CHECKOUT, Path(sysconfig.get_path("data")) / SHARE):
        if (folder / "style.css").is_file() and (folder / SCRIPT).is_file():
            return folder
    raise AssetsMissingError(
        "the page's scripts are not installed; install the package anew, or run it from a clone"
    )


class Assets:
    """One script and one style sheet, put together once; their addresses change with them."""

    def __init__(self, folder: Path) -> None:
        scripts = [OWN / "page.js", folder / SCRIPT]
        styles = [folder / "style.css", OWN / "page.css"]
        self._files = {
            "page.js": ("text/javascript", _joined(scripts)),
            "page.css": ("text/css", _joined(styles)),
        }

    def head(self) -> str:
        """Return what goes into the page's head."""
        script, style = (self._address(name) for name in ("page.js", "page.css"))
        return f'<script src="{script}"></script><link rel="stylesheet" href="{style}">'

    def add_routes(self, app: Any) -> None:
        """Serve the files; they hold nothing that a login would protect."""

        async def asset(request: Request) -> Response:
            found = self._files.get(request.path_params["name"])
            if found is None:
                return Response("not found", 404)
            kind, content = found
            kept = {"Cache-Control": "public, max-age=31536000, immutable"}
            return Response(content, media_type=kind, headers=kept)

        app.add_api_route(f"{PREFIX}/{{name}}", asset, methods=["GET"], include_in_schema=False)

    def _address(self, name: str) -> str:
        digest = hashlib.sha256(self._files[name][1]).hexdigest()[:12]
        return f".{PREFIX}/{name}?{digest}"


class OwnNamesOnly:
    """Answers only what was asked by one of our names and from our own page; ASGI."""

    def __init__(self, app: Any, names: ServerNames) -> None:
        self._app = app
        self._names = names

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        refused = None
        if scope["type"] in ("http", "websocket"):
            refused = self._names.refusal(Headers(scope=scope).items())
        if refused is None:
            await self._app({**scope, KNOWN_ORIGIN: True}, receive, send)
        elif scope["type"] == "websocket":
            # Before it is accepted: the server answers the handshake with 403.
            await receive()
            await send({"type": "websocket.close", "code": REFUSED_SOCKET})
        else:
            await PlainTextResponse(refused[1] + "\n", refused[0])(scope, receive, send)


@dataclass(frozen=True)
class Answers:
    """What answers the page's own requests, by the last part of their address."""

    page: Mapping[str, Answer]
    library: Mapping[str, Answer]
    scan: Mapping[str, Answer] = field(default_factory=dict)
    scan_files: Mapping[str, FileAnswer] = field(default_factory=dict)


def add_routes(app: Any, assets: Assets, answers: Answers) -> None:
    """Add files and answers to gradio's application, before its own addresses."""
    before = list(app.router.routes)
    assets.add_routes(app)
    add_page_routes(app, answers.page)
    add_page_routes(app, answers.library)
    add_scan_routes(app, answers.scan, answers.scan_files)
    # gradio answers whatever is left over; what was added must come before that.
    added = [route for route in app.router.routes if route not in before]
    app.router.routes[:] = [*added, *before]


def _joined(files: list[Path]) -> bytes:
    return b"\n".join(file.read_bytes() for file in files)
