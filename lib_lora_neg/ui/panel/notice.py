"""The notice of the first run: what the guard does, and the way to have it only advise."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from ...hosts.form_reading import FormValueError
from ...policy import Mode
from ...sentences import Translator, say

TITLE = say("LoRA Negative Guard is on.")
TEXT = say(
    "Before a picture is made it keeps negative LoRA weights in the range their type can stand, "
    "takes trigger words out of the negative prompt, and lowers CFG while a negative weight is "
    "active. Every change is shown here and written into the infotext. “Only advise me” changes "
    "nothing and only tells."
)
KEEP, ADVISE = say("Keep guarding"), say("Only advise me")

ANSWERS = {mode.value: mode for mode in (Mode.ENFORCE, Mode.ADVISE)}


class NoticeHost(Protocol):
    """Where the answer is kept."""

    def notice_seen(self) -> bool: ...

    def answer_notice(self, mode: Mode) -> None: ...


def notice_of(host: NoticeHost, words: Translator) -> dict[str, Any] | None:
    """Return the notice for the page; ``None`` once it is answered."""
    if host.notice_seen():
        return None
    buttons = [
        {"label": words(label), "mode": mode.value}
        for label, mode in ((KEEP, Mode.ENFORCE), (ADVISE, Mode.ADVISE))
    ]
    return {"title": words(TITLE), "text": words(TEXT), "answers": buttons}


def answered(host: NoticeHost) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    """Return what takes the page's answer, for all tabs and all later loads of the page."""

    def answer(body: Mapping[str, Any]) -> dict[str, Any]:
        mode = ANSWERS.get(str(body.get("mode")))
        if mode is None:
            raise FormValueError("mode", f"must be one of {', '.join(ANSWERS)}")
        host.answer_notice(mode)
        return {"mode": mode.value}

    return answer
