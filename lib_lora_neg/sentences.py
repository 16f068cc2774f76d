"""Sentences for people that know what they are made of, so that they can be said in any language.

A `Sentence` is its English text, and behaves like it everywhere; `Translator` says it in another
language. Templates are English, with fields in braces, and are the keys of the files in
``localizations/``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property, lru_cache
from typing import Any

_FIELD = re.compile(r"\{(\w+)\}")

_COUNTS = frozenset({"count", "done", "total", "hours", "minutes"})
"""Fields that only ever hold one number: “{count} of {total}” is no pattern of all texts."""


MAX_SEARCHED = 4_000
"""A longer text is no sentence of ours that lost its template."""


DEEPEST = 4
"""So many sentences stand inside each other at most."""


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
        # A list of a thousand LoRAs gives the same few reasons again and again.
        self._finished = lru_cache(maxsize=4096)(self._search)

    def __call__(self, text: str) -> str:
        """Return ``text`` in this language: a sentence, or one that was stored as plain text."""
        if not self._known:
            return text
        if not isinstance(text, Sentence) or not text.fields:
            return self._finished(text, 0)
        fields = {name: self._field(value) for name, value in text.fields.items()}
        return _filled(self._known.get(text.template, text.template), fields)

    def _field(self, value: str) -> str:
        return self(value) if isinstance(value, Sentence) else value

    def _search(self, text: str, depth: int = 0) -> str:
        """Return a text whose template is not known any more: it was kept in a file or an index."""
        known = self._known.get(text)
        if known is not None:
            return known
        if len(text) > MAX_SEARCHED or depth > DEEPEST:
            return text
        for pieces, pattern, other, quoted in self._patterns:
            match = pattern.fullmatch(text) if _stand_in_order(pieces, text) else None
            if match is not None:
                found = match.groupdict()
                fields = {
                    n: v if n in quoted else self._finished(v, depth + 1) for n, v in found.items()
                }
                return _filled(other, fields)
        return text

    @cached_property
    def _patterns(self) -> list[tuple[list[str], re.Pattern[str], str, frozenset[str]]]:
        """The templates as patterns, the most telling first; what stands in “ ” is a quotation."""
        # Two sentences side by side are no sign of a template.
        found = (english for english in self._known if _FIELD.search(english))
        templates = [english for english in found if _FIELD.sub("", english).strip() != "."]
        templates.sort(key=lambda english: -len(_FIELD.sub("", english)))
        return [
            (
                _FIELD.split(english)[::2],
                _pattern(english),
                self._known[english],
                frozenset(m[1] for m in _FIELD.finditer(english) if english[m.start() - 1] == "“"),
            )
            for english in templates
        ]


ENGLISH = Translator()


def _filled(template: str, fields: Mapping[str, Any]) -> str:
    """Fill the fields; one that is not given stays, so that no translation can raise."""
    return _FIELD.sub(lambda match: str(fields.get(match[1], match[0])), template)


def _stand_in_order(pieces: list[str], text: str) -> bool:
    """Return whether all of a template's own words stand in a text, one after the other.

    Asked first, because an expression tries every division of a text that lacks one of them.
    """
    first, *rest = pieces
    if not text.startswith(first) or not text.endswith(pieces[-1]):
        return False
    place, end = len(first), len(text) - len(pieces[-1]) if rest else len(text)
    for piece in rest[:-1]:
        found = text.find(piece, place + 1, end)
        if found < 0:
            return False
        place = found + len(piece)
    return place <= end


def _pattern(english: str) -> re.Pattern[str]:
    """Return what a filled template looks like; a field that stands twice is the same twice."""
    pieces = _FIELD.split(english)
    made = [re.escape(pieces[0])]
    seen: set[str] = set()
    for name, literal in zip(pieces[1::2], pieces[2::2], strict=True):
        held = r"\S+" if name in _COUNTS else ".+?"
        made.append(f"(?P={name})" if name in seen else f"(?P<{name}>{held})")
        made.append(re.escape(literal))
        seen.add(name)
    return re.compile("".join(made), re.DOTALL)
