"""What the page's own routes answer: JSON in, JSON out, whatever carries it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from ...hosts.answers import Answer
from ...hosts.exporting import exported
from ...hosts.form_reading import FormValueError, read_form_values, read_mode
from ...hosts.preview import FormValues, PreviewHost
from ...loras.card import LoraCard
from ...policy import Mode
from ...policy.switches import rules_by_states
from ...sentences import ENGLISH, Translator, say
from .notice import NoticeHost, answered, notice_of
from .preview import preview
from .recommend import negative_tag

MAX_NAME = 1000


class NamesHost(Protocol):
    """A host that knows LoRAs by the names of their files."""

    def card(self, name: str) -> LoraCard | None:
        """Return one card; ``None`` for a name that the host does not know."""
        ...

    def name_in_prompts(self, name: str) -> str:
        """Return the name that the host itself writes into a tag for this LoRA."""
        ...


class Tool(Protocol):
    """Another tool on the page, and what switches it on."""

    @property
    def name(self) -> str:
        """As the guard calls it."""

    @property
    def id(self) -> str | None:
        """Id of the element with its input; without one it is always on."""

    @property
    def least(self) -> float | None:
        """The smallest number that does something; ``None`` where the input is a checkbox."""


Tools = Callable[[str], Iterable[Tool]]
"""Other tools of a tab that the guard heeds."""


def page_answers(
    host: PreviewHost,
    names: NamesHost,
    *,
    lasting: bool = False,
    tools: Tools | None = None,
    notice: NoticeHost | None = None,
    words: Callable[[], Translator] = lambda: ENGLISH,
) -> dict[str, Answer]:
    """Return the answers of the page's routes by the last part of their address.

    Args:
        host: says what the page's inputs mean.
        names: the LoRAs.
        lasting: the page has the library's routes, too, which keep decisions about a LoRA.
        tools: other tools on the page; none without it.
        notice: where the answer to the notice of the first run is kept; no notice without it.
        words: returns the page's language.
    """

    def rules_of(body: Mapping[str, Any]) -> Mapping[str, Mode]:
        switches = body.get("switches")
        if switches is not None and not isinstance(switches, dict):
            raise FormValueError("switches", "must be true or false by the id of a switch")
        return rules_by_states(switches or {})

    def check(body: Mapping[str, Any]) -> dict[str, Any]:
        context = host.context(read_form_values(body), read_mode(body), rules_of(body))
        shown = preview(context, host.token_count, lasting=lasting, words=words())
        first_run = notice_of(notice, words()) if notice is not None else None
        return {**shown, "notice": first_run}

    def recommend(body: Mapping[str, Any]) -> dict[str, Any]:
        name = body.get("lora")
        if not isinstance(name, str) or len(name) > MAX_NAME:
            raise FormValueError("lora", "must be the name of a LoRA")
        card = names.card(name)
        if card is None:
            unknown = say("{lora}: no LoRA of this name is known", lora=name)
            return {"tag": None, "reason": words()(unknown)}
        context = host.context(FormValues())
        floors = context.settings.floors
        found = negative_tag(card, names.name_in_prompts(name), context.request.family, floors)
        return {"tag": found.tag, "reason": words()(found.reason)}

    def watched(body: Mapping[str, Any]) -> dict[str, Any]:
        found = tools(str(body.get("tab"))) if tools is not None else ()
        return {"tools": [{"name": t.name, "id": t.id, "least": t.least} for t in found]}

    def export(body: Mapping[str, Any]) -> dict[str, Any]:
        return exported(host, body, rules_of(body))

    answers: dict[str, Answer] = {
        "check": check,
        "negative-tag": recommend,
        "tools": watched,
        "export": export,
    }
    return answers if notice is None else {**answers, "notice": answered(notice)}
