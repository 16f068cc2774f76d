"""Answers of routes in the page's language."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..hosts.answers import Answer
from ..hosts.form_reading import FormValueError
from ..sentences import Sentence, Translator


def in_language(
    answers: Mapping[str, Answer], words: Callable[[], Translator]
) -> dict[str, Answer]:
    """Return answers that say their sentences, and their errors, in the page's language.

    What is no `Sentence` is a name, a value or somebody's own text, and stays as it is.

    Args:
        answers: of routes, by the last part of their address.
        words: returns the page's language.
    """
    return {name: _said(answer, words) for name, answer in answers.items()}


def _said(answer: Answer, words: Callable[[], Translator]) -> Answer:
    def said(body: Mapping[str, Any]) -> Any:
        try:
            return spoken(answer(body), words())
        except FormValueError as error:
            error.message = words()(error.message)
            error.args = (f"{error.field}: {error.message}",)
            raise

    return said


def spoken(answer: Any, words: Translator) -> Any:
    """Return a JSON value with its sentences said in a language."""
    if isinstance(answer, Sentence):
        return words(answer)
    if isinstance(answer, Mapping):
        return {key: spoken(value, words) for key, value in answer.items()}
    if isinstance(answer, (list, tuple)):
        return [spoken(value, words) for value in answer]
    return answer
