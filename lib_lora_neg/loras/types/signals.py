"""What names, words and pages of a LoRA show, as named signals for the type model.

A signal is called ``where:what``: ``name:clothes`` counts clothes in its names, ``words:traits``
hair and eyes among its trained words, ``shape:booru`` a trained word like ``senna (game)``.
"""

from __future__ import annotations

# ruff: noqa: RUF001  (titles are written with full-width brackets and bars)
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ..triggers import looks_invented
from ..vocabulary import is_common_tag, is_descriptive_tag, normalise_tag
from .evidence import TypeEvidence
from .lexicon import word_groups, words

DESCRIPTION_LENGTH = 600
"""Characters of a page that say what the LoRA is; behind them stand thanks and advertising."""

MOST = 3
"""A group counts at most this often: the tenth dress is no more evidence than the third."""


_TOGETHER = (
    ("name:style", "name:series"),
    ("name:style", "name:character"),
    ("name:style", "name:clothes"),
    ("name:style", "name:place"),
    ("name:style", "shape:unspaced"),
    ("name:series", "name:clothes"),
    ("name:series", "name:thing"),
    ("name:series", "shape:no_words"),
    ("shape:unknown_name", "shape:no_words"),
    ("shape:unknown_name", "words:traits"),
    ("shape:own_name", "shape:one_word"),
    ("shape:own_name", "words:clothes"),
    ("name:clothes", "words:traits"),
    ("words:traits", "words:clothes"),
    ("name:given", "shape:no_words"),
)
"""Pairs that mean something else together than apart: a series with ``style`` is no character."""


@dataclass(frozen=True)
class Signals:
    """Strength of each signal, and the phrases that made it, for the reasons."""

    values: dict[str, float]
    phrases: dict[str, tuple[str, ...]]


def read_signals(evidence: TypeEvidence) -> Signals:
    """Return the signals of some evidence. Category tags and folders are not among them.

    Without a page there is only a file name, which says less and says it differently: its
    signals are called ``stem:…`` and have weights of their own.
    """
    titles = list(evidence.titles)
    files = [name for name in evidence.names if name not in titles]
    has_page = bool(evidence.trained_words or evidence.description or titles)
    fields: dict[str, Iterable[str]] = {"words": evidence.trained_words or evidence.labels}
    if has_page:
        fields["name"], fields["file"] = titles or files, files
        fields["text"] = (evidence.description[:DESCRIPTION_LENGTH],)
    else:
        fields["stem"] = files
    signals = Signals({}, {})
    for field, texts in fields.items():
        _count(signals, field, texts)
    shapes = _page_shapes(evidence, titles or files) if has_page else _stem_shapes(files)
    for shape in (*shapes, *_data_shapes(evidence)):
        signals.values[shape] = 1.0
    for first, second in _TOGETHER:
        if first in signals.values and second in signals.values:
            signals.values[f"{first}+{second}"] = 1.0
    return signals


def _count(signals: Signals, field: str, texts: Iterable[str]) -> None:
    groups: dict[str, dict[str, None]] = {}
    compounds = field in ("name", "file", "stem")
    for text in texts:
        for phrase, group in word_groups(text, compounds=compounds):
            groups.setdefault(group, {})[phrase] = None
    for group, found in groups.items():
        signals.values[f"{field}:{group}"] = float(min(len(found), MOST))
        signals.phrases[f"{field}:{group}"] = tuple(found)


def _page_shapes(evidence: TypeEvidence, names: list[str]) -> Iterator[str]:
    title = names[0] if names else ""
    for shape in (
        *_name_shapes(title),
        *_word_shapes(evidence.trained_words, " ".join(evidence.names).lower()),
        *_text_shapes(title, evidence.description[:300]),
    ):
        yield f"shape:{shape}"


def _stem_shapes(files: list[str]) -> Iterator[str]:
    yield "stem:any"
    title = re.sub(r"[-_.]+", " ", files[0]) if files else ""
    title = re.sub(r"\b(?:v?\d+\w?|e\d+|\d{4,}|lora|locon|loha|lycoris)\b", " ", title).strip()
    for shape in _name_shapes(" ".join(title.split())):
        yield f"stem:{shape}"
    plain = " ".join(words(title))
    for shape, pattern in _SAID:
        if pattern.search(plain):
            yield f"stem:{shape}"


_SAID = (
    ("says_concept", re.compile(r"\bconcept\b")),
    ("says_style", re.compile(r"\b(?:art)?style\b")),
    ("says_character", re.compile(r"\b(?:character|chara|char|likeness|lookalike)\b")),
    ("says_tool", re.compile(r"control|inpaint|tryon|\b(?:detailer|enhancer|helper|lcm|turbo)\b")),
)


_FROM = re.compile(r"\b(?:from|by)\s+(?:the\s+)?[\"'“]?[A-Z]")
_LORA_OF = re.compile(r"\b(?:lora|model|locon)\s+(?:of|for)\s+(?:the\s+)?[A-Z]", re.IGNORECASE)
_STYLE_OF = re.compile(
    r"\bstyle\s+(?:of|from|like)|'s\s+(?:art\s*)?style|\bartist\b", re.IGNORECASE
)


def _text_shapes(title: str, text: str) -> Iterator[str]:
    if not text:
        yield "no_page"
        return
    if text[:200].count(",") >= 6:
        yield "prompt_page"
    for shape, pattern in (("from", _FROM), ("lora_of", _LORA_OF), ("style_of", _STYLE_OF)):
        if pattern.search(text):
            yield f"page_{shape}"
    first = words(title)[:1]
    if first and len(first[0]) >= 3 and first[0] in words(text[:120]):
        yield "page_names_it"


_MARKS = (
    ("brackets", re.compile(r"[(\[（【「]")),
    ("bar", re.compile(r"[|｜/／]")),
    ("dash", re.compile(r"\s[-–—]\s|[:：]\s")),
    ("from", re.compile(r"\b(?:from|of|in)\s+[A-Z]")),
    ("unspaced", re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")),
    ("version", re.compile(r"\bv\d|\d\.\d")),
)
_PERSON = re.compile(r"^(?:[A-Z][a-zéèöüáíóñ'’.-]+\s+){1,2}[A-Z][a-zéèöüáíóñ'’.-]+$")


_ROMAJI = re.compile(
    r"(?=.{5,})(?:(?:[kgsztdnhbpmrw]|ky|gy|sh|sy|ch|ty|j|jy|ts|ny|hy|by|py|my|ry|f|y)?[aiueo]{1,2}n?)+"
)
"""The syllables of Japanese names in Latin letters."""


_LONGEST_ROMAJI = 14
"""No longer word is tried: a syllable may end in ``n`` or the next begin with it, so the ways to
read a word double with every syllable."""


def _is_romaji(word: str) -> bool:
    return len(word) <= _LONGEST_ROMAJI and _ROMAJI.fullmatch(word) is not None


def _known(word: str) -> bool:
    return any(True for _ in word_groups(word))


_END_OF_HEAD = re.compile(r"[(\[（【|｜/／,]|\s[-–—]\s|\s(?:lora|locon|v\d)", re.IGNORECASE)


def _name_shapes(title: str) -> Iterator[str]:
    for shape, pattern in _MARKS:
        if pattern.search(title):
            yield shape
    head = _END_OF_HEAD.split(title, maxsplit=1)[0].strip()
    known = list(word_groups(head))
    if not known and head:
        yield "unknown_name"
        if _PERSON.match(head):
            yield "person_name"
        if len(words(head)) == 1:
            yield "one_word_name"
    if any(_is_romaji(word) and not _known(word) for word in words(head)):
        yield "romaji_name"
    segments = [
        part for part in re.split(r"[(\[（【|｜/／)\]）】,]|\s[-–—]\s", title) if part.strip()
    ]
    for segment in segments[:4]:
        last = list(word_groups(" ".join(words(segment)[-2:])))
        if last:
            yield f"ends_{last[-1][1]}"


def _word_shapes(trained_words: Sequence[str], names: str) -> Iterator[str]:
    entries = [entry for entry in trained_words if entry.strip()]
    if not entries:
        yield "no_words"
        return
    pieces = [normalise_tag(piece) for entry in entries for piece in entry.split(",")]
    pieces = [piece for piece in pieces if piece]
    yield "one_word" if len(pieces) == 1 else "few_words" if len(pieces) < 5 else "many_words"
    if len(entries) > 1 and len(pieces) >= 2 * len(entries):
        yield "several_outfits"
    if any(re.search(r"\w ?\([^()]+\)$", piece) for piece in pieces):
        yield "booru"
    if looks_invented(entries[0].split(",")[0]):
        yield "invented_head"
    if sum(is_descriptive_tag(piece) for piece in pieces) >= 2:
        yield "described"
    if all(is_common_tag(piece) for piece in pieces):
        yield "common_words"
    squeezed = re.sub(r"\W|_", "", names)
    if pieces and re.sub(r"\W|_", "", pieces[0].split("(")[0]) in squeezed:
        yield "own_name"


_PERSON_CLASS = re.compile(r"\b(?:1girl|1boy|girl|boy|woman|man|person|lady|female|male)$", re.I)
_STYLE_CLASS = re.compile(r"\b(?:style|artstyle|art style|aesthetic)$", re.IGNORECASE)


def _data_shapes(evidence: TypeEvidence) -> Iterator[str]:
    if evidence.images is not None:
        if evidence.images <= 40 and evidence.subsets <= 2:
            yield "data:few_images"
        if evidence.images >= 500:
            yield "data:wide_data"
    looks = [group for tag in evidence.common_tags for _, group in word_groups(tag)]
    if looks.count("traits") >= 2:
        yield "data:same_looks"
    elif evidence.captions >= 50 and "traits" not in looks and "clothes" not in looks:
        yield "data:varied_looks"
    labels = [normalise_tag(label) for label in evidence.labels]
    if any(_PERSON_CLASS.search(label) for label in labels):
        yield "data:person_class"
    if any(_STYLE_CLASS.search(label) for label in labels):
        yield "data:style_class"
