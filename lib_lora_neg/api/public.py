"""The public API: ``/lora-neg/v1/…``, for programs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from ..hosts.exporting import exported
from ..hosts.form_reading import read_form_values, read_mode, read_rules
from ..hosts.preview import FormValues, PreviewContext, PreviewHost
from ..policy import GuardPlan, Mode, plan
from . import schemas
from .cards import LibraryHost, library_page, one_card
from .exchange import Route, answer, answer_body
from .login import basic_auth

PREFIX = "/lora-neg/v1"


def add_public_routes(
    app: Any, host: PreviewHost, library: LibraryHost, accounts: Mapping[str, str]
) -> None:
    """Add the API to ``app``; whoever asks must be one of ``accounts``, where there are any."""

    async def list_library(request: Request) -> Response:
        return await answer(request, lambda: library_page(library, request.query_params))

    async def show_card(request: Request) -> Response:
        return await answer(request, lambda: shown(host, library, request.path_params["name"]))

    async def check(request: Request) -> Response:
        return await answer_body(request, lambda body: checked(host, body))

    async def guard(request: Request) -> Response:
        return await answer_body(request, lambda body: guarded(host, body))

    async def export(request: Request) -> Response:
        return await answer_body(request, lambda body: exported(host, body))

    dependencies = basic_auth(accounts)

    def add(path: str, route: Route, method: str, described: dict[str, Any]) -> None:
        app.add_api_route(
            PREFIX + path,
            route,
            methods=[method],
            dependencies=dependencies,
            tags=["LoRA Negative Guard"],
            **described,
        )

    add("/library", list_library, "GET", schemas.LIST)
    add("/library/{name}", show_card, "GET", schemas.CARD)
    add("/check", check, "POST", schemas.CHECK)
    add("/guard", guard, "POST", schemas.GUARD)
    add("/export", export, "POST", schemas.EXPORT)


def shown(host: PreviewHost, library: LibraryHost, name: str) -> dict[str, Any]:
    """Return one card, with the range that the host's settings give it."""
    return one_card(library, name, host.context(FormValues()).settings.floors)


def checked(host: PreviewHost, body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the findings on a request, and whether the guard would change it."""
    context, planned = _planned(host, body)
    return {
        **_head(context),
        "changed": planned.changed,
        "findings": [finding.plain() for finding in planned.findings],
    }


def guarded(host: PreviewHost, body: Mapping[str, Any]) -> dict[str, Any]:
    """Return what would be generated instead of a request, with the findings."""
    context, planned = _planned(host, body)
    first, hires = planned.first, planned.hires
    result = {
        **_head(context),
        "changed": planned.changed,
        "prompt": first.prompts[0],
        "negative_prompt": first.negative_prompts[0],
        "cfg_scale": first.cfg_scale,
        "findings": [finding.plain() for finding in planned.findings],
    }
    if hires is not None:
        result["hr_prompt"] = hires.prompts[0]
        result["hr_negative_prompt"] = hires.negative_prompts[0]
        result["hr_cfg"] = hires.cfg_scale
    return result


def _planned(host: PreviewHost, body: Mapping[str, Any]) -> tuple[PreviewContext, GuardPlan]:
    mode: Mode | None = read_mode(body)
    context = host.context(read_form_values(body), mode, read_rules(body))
    return context, plan(context.request, context.cards, context.settings)


def _head(context: PreviewContext) -> dict[str, Any]:
    return {
        "mode": context.settings.mode.value,
        "family": context.request.family.value,
        "family_assumed": context.family_assumed,
    }
