"""Sentences for people that know what they are made of, so that they can be said in any language.

A `Sentence` is its English text, and behaves like it everywhere; `Translator` says it in another
language. Templates are English, with fields in braces, and are the keys of the files in
``localizations/``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, TypeAlias

_FIELD = re.compile(r"\{(\w+)\}")

PackedSentence: TypeAlias = "str | tuple[str, tuple[tuple[str, PackedSentence], ...]]"
"""A sentence as plain values: its text, or its template and fields."""


class Sentence(str):
    """An English text made of a template and what fills its fields.

    Fields that are sentences are translated with it; plain text in them (names, numbers) is not.
    """

    __slots__ = ("fields", "template")

    template: str
    fields: Mapping[str, str]

    def __new__(cls, template: str, /, **fields: str) -> Sentence:
        made = super().__new__(cls, _filled(template, fields) if fields else template)
        made.template = template
        made.fields = fields
        return made

    def __getnewargs_ex__(self) -> tuple[tuple[str], dict[str, str]]:
        return (self.template,), dict(self.fields)


def say(template: str, /, **fields: object) -> Sentence:
    """Return a sentence; without fields, ``template`` is the whole text, whatever it holds."""
    texts = {name: v if isinstance(v, str) else str(v) for name, v in fields.items()}
    return Sentence(template, **texts)


def as_sentence(text: str, most: int | None = None) -> Sentence:
    """Return a text as a sentence; one that is longer than ``most`` characters is cut."""
    if most is not None and len(text) > most:
        return say(text[:most])
    return text if isinstance(text, Sentence) else say(text)


def said_by(error: Exception) -> str:
    """Return what an error says, as the sentence it was raised with."""
    said = error.args[0] if error.args else None
    return said if isinstance(said, Sentence) else str(error)


def as_whole(text: str) -> Sentence:
    """Return a text as a sentence with a capital and a full stop."""
    if not isinstance(text, Sentence):
        return say(_whole(text))
    return Sentence(_whole(text.template), **text.fields)


def pack_sentence(text: str) -> PackedSentence:
    """Return a sentence, and those in it, as plain values that `unpack_sentence` takes."""
    if not isinstance(text, Sentence) or not text.fields:
        return str(text)
    return text.template, tuple((name, pack_sentence(v)) for name, v in text.fields.items())


def unpack_sentence(packed: PackedSentence) -> str:
    """Return what `pack_sentence` packed."""
    if isinstance(packed, str):
        return packed
    template, fields = packed
    return Sentence(template, **{name: unpack_sentence(value) for name, value in fields})


def _whole(text: str) -> str:
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "]", ")")) else ".")


class Translator:
    """One language.

    Args:
        translations: by English template; a template that is missing stays English.
    """

    def __init__(self, translations: Mapping[str, str] | None = None) -> None:
        self._known = {
            english: other
            for english, other in (translations or {}).items()
            if isinstance(english, str) and isinstance(other, str)
        }

    def __call__(self, text: str) -> str:
        """Return ``text`` in this language; plain text only where it is a whole template."""
        if not self._known:
            return text
        if not isinstance(text, Sentence) or not text.fields:
            return self._known.get(text, text)
        fields = {name: self._field(value) for name, value in text.fields.items()}
        return _filled(self._known.get(text.template, text.template), fields)

    def _field(self, value: str) -> str:
        return self(value) if isinstance(value, Sentence) else value


ENGLISH = Translator()


def _filled(template: str, fields: Mapping[str, Any]) -> str:
    """Fill the fields; one that is not given stays, so that no translation can raise."""
    return _FIELD.sub(lambda match: str(fields.get(match[1], match[0])), template)
