"""What a term of a negative prompt becomes behind Midjourney's ``--no``.

Midjourney parses every word of ``--no`` alone, so a term of several words bans each of them:
``modern clothing`` bans ``clothing``. A term becomes the words that name what is unwanted; words
that are innocent by themselves (people, bodies, clothes, colours, sizes, what the prompt asks
for) are left out.
"""

from __future__ import annotations

import re
from collections.abc import Set
from enum import Enum
from typing import NamedTuple

from ..loras.types.negatives import names_embedding
from ..loras.vocabulary import QUALITY_TAGS
from ..prompts import bare, split_origin
from .midjourney_vocabulary import (
    BODY,
    FAULTS,
    FAULTY,
    GRAMMAR,
    INNOCENT,
    LOOKED_AT,
    MODERATED,
    NEGATIONS,
    ONE_WORD,
    QUALITY_TERMS,
    QUALITY_WORDS,
    RELATIVE,
    STILL_STYLE,
    STILL_UNWANTED,
)


class TermVerdict(str, Enum):
    """What became of a term, and why."""

    KEPT = "kept"
    REPLACED = "replaced"
    SPLIT = "split"
    INNOCENT = "innocent"
    QUALITY = "quality"
    MODERATED = "moderated"
    EMBEDDING = "embedding"
    NEGATED = "negated"
    COUNT = "count"
    SETTING = "setting"
    SENTENCE = "sentence"
    EMPTY = "empty"


class JudgedTerm(NamedTuple):
    """A term after `judge`.

    Attributes:
        verdict: what became of it.
        words: what stands behind ``--no`` for it; one word each, none where it is left out.
        dropped: its words that would ban something innocent.
        wanted: its words that the prompt asks for.
    """

    verdict: TermVerdict
    words: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    wanted: tuple[str, ...] = ()


MOST_WORDS = 8
"""A longer term is a sentence."""

_LONGEST = 400
_MOST_WITH_GRAMMAR = 4

# A hyphen, an apostrophe, a full stop and the like inside a word; no word starts with a dash, so
# that no term can become a parameter.
_WORD = re.compile(r"[^\W_]+(?:[-'’.&/+][^\W_]+)*")
_FACE = re.compile(r"[:;=>][^\s]{1,2}")
_LOOSE_WEIGHT = re.compile(r":\s{0,4}[-+]?[\d.]{1,8}$")
_SETTING = re.compile(
    r"(?:steps|script|sampler|schedule type|cfg scale|seed|size|model"
    r"|model hash|vae|vae hash|clip skip"
    r"|ensd|hires [a-z]{1,20}|denoising strength|template|negative template|version|lora hashes"
    r"|(?:postprocess|controlnet|unprompted|ultimate|tiled|mask|x|y|file|ti)[- ][a-z0-9 ]{1,30}"
    r"|face restoration|eta|wildcard prompt|negative prompt|aspect ratio) ?:"
)
# "mask blur: 4", "discard penultimate sigma: true", "hashes:"; a weight without brackets has no
# space before it.
_SET_VALUE = re.compile(r"[a-z][a-z0-9 -]{2,40}:(?: {1,4}(?:[-\d.]{1,16}|true|false|none))?")
_FILE = re.compile(r"[\w.-]{1,60}(?:[/\\][\w.-]{1,60}){1,8}\.[a-z]{2,5}")
_COUNTED = re.compile(
    r"(?:\d{1,2}\+?|multiple|many) ?(?:girl|boy|other|women|woman|men|man|people|person)s?"
)
_NUMBERED = re.compile(r"\d")
_EMBEDDING = re.compile(
    r"[a-z]negatives?|negatives? ?v?\d|\bnegatives?$|\bneg(?:v\d|mix|prompt|-|$)|embedding"
    r"|[a-z]v\d{1,3}(?:\.\d)?\b|-\d{1,5}[tv]?$|[a-z]\d{3}$|bad-(?:artist|hands?|picture|image|dream)"
    # A family of checkpoints in a name.
    r"|sd1(?:[.-]?5)?(?:\b|-)|sd15|sdxl"
)


def stem(word: str) -> str:
    """Return a word without the ending of a plural, to compare words by."""
    return word[:-1] if len(word) > 3 and word.endswith("s") and word[-2] != "s" else word


def has_loose_weight(key: str) -> bool:
    """Return whether a weight without brackets stands behind a term: ``word:1.2``."""
    if _no_words(key, bare(key), frozenset()) is TermVerdict.SETTING:
        return False
    return _LOOSE_WEIGHT.search(key, max(0, len(key) - 16)) is not None


def words_of(text: str) -> tuple[str, ...]:
    """Return the words of a text that Midjourney would read, small, numbers left out."""
    found = (match[0].lower() for match in _WORD.finditer(text))
    return tuple(word for word in found if not word.replace(".", "").isdigit())


def judge(
    key: str, wanted: Set[str] = frozenset(), embeddings: Set[str] = frozenset()
) -> JudgedTerm:
    """Return what a term becomes behind ``--no``.

    Args:
        key: the term, normalised.
        wanted: `stem`s of the words that the prompt asks for.
        embeddings: names of textual-inversion embeddings, normalised.
    """
    name = bare(key)
    apart = _no_words(key, name, embeddings)
    if apart is not None:
        return JudgedTerm(apart)
    name = split_origin(_LOOSE_WEIGHT.sub("", name))[0]
    one_word = ONE_WORD.get(name, ONE_WORD.get(name.removesuffix("s")))
    if one_word is not None:
        return JudgedTerm(TermVerdict.REPLACED, (one_word,))
    words = words_of(name)
    telling = [word for word in dict.fromkeys(words) if word not in GRAMMAR | _letters(words)]
    if not telling or _FACE.fullmatch(name) is not None:
        return JudgedTerm(TermVerdict.EMPTY)
    if any(word in NEGATIONS for word in words):
        return JudgedTerm(TermVerdict.NEGATED)
    if _is_quality(name, words):
        return JudgedTerm(TermVerdict.QUALITY)
    if _COUNTED.fullmatch(name) is not None:
        return JudgedTerm(TermVerdict.COUNT)
    if len(telling) == 1:
        return _judge_one(name, telling[0], wanted)
    with_grammar = len(words) > len(telling) and len(telling) > _MOST_WITH_GRAMMAR
    if len(words) > MOST_WORDS or with_grammar:
        return JudgedTerm(TermVerdict.SENTENCE)
    return _judge_several(telling, wanted)


def _letters(words: tuple[str, ...]) -> frozenset[str]:
    """Return the words that are one Latin letter, as broken encodings leave them over."""
    return frozenset(word for word in words if len(word) == 1 and word < "\u0250")


def _no_words(key: str, name: str, embeddings: Set[str]) -> TermVerdict | None:
    """Return what a term is that holds no words of its own: a name of a file, a setting."""
    if len(name) > _LONGEST:
        return TermVerdict.SENTENCE
    if name.startswith(("--", "—")) or _SETTING.match(name):
        return TermVerdict.SETTING
    if _SET_VALUE.fullmatch(name) or _FILE.fullmatch(name):
        return TermVerdict.SETTING
    prefixed = name != key and not key.startswith('"')
    if prefixed or name in embeddings or names_embedding(name) or _EMBEDDING.search(name):
        return TermVerdict.EMBEDDING
    return None


def _judge_one(name: str, word: str, wanted: Set[str]) -> JudgedTerm:
    if word in MODERATED:
        return JudgedTerm(TermVerdict.MODERATED)
    asked = (word,) if stem(word) in wanted else ()
    if word != name:
        if word in BODY and _NUMBERED.search(name) is not None:
            # "six fingers" complains of the number, not of fingers.
            return JudgedTerm(TermVerdict.QUALITY)
        if word in RELATIVE or word in BODY or word in LOOKED_AT:
            return JudgedTerm(TermVerdict.INNOCENT, (), (word,), asked)
    return JudgedTerm(
        TermVerdict.KEPT if word == name else TermVerdict.REPLACED, (word,), (), asked
    )


def _judge_several(telling: list[str], wanted: Set[str]) -> JudgedTerm:
    asked = tuple(word for word in telling if stem(word) in wanted)
    faulty = _faulty(telling)
    # A part of a body makes its neighbour a quality of it: "fox ears" bans every fox.
    of_body = telling[-1] in BODY
    dropped = tuple(
        word
        for word in telling
        if (of_body and word not in STILL_UNWANTED)
        or word in INNOCENT
        or word in RELATIVE
        or word in MODERATED
        or word in asked
        or word in faulty
    )
    kept = tuple(word for word in telling if word not in dropped)
    if not kept:
        if faulty and not asked:
            return JudgedTerm(TermVerdict.QUALITY)
        moderated = any(word in MODERATED for word in telling) and not asked
        verdict = TermVerdict.MODERATED if moderated else TermVerdict.INNOCENT
        return JudgedTerm(verdict, (), dropped, asked)
    verdict = TermVerdict.SPLIT if len(kept) > 1 else TermVerdict.REPLACED
    return JudgedTerm(verdict, kept, dropped, asked)


def _faulty(words: list[str]) -> frozenset[str]:
    """Return the words that complain of a fault, and what each is said of: ``bad science``."""
    found = set()
    for number, word in enumerate(words):
        if word in FAULTS:
            found.update(words[number : number + 2])
        elif word in QUALITY_WORDS or word == "quality":
            found.add(word)
    return frozenset(found)


def _is_quality(name: str, words: tuple[str, ...]) -> bool:
    out_of_it = "out of frame" in name or "out of view" in name
    if (
        out_of_it
        or name in QUALITY_TERMS
        or (name in QUALITY_TAGS and name not in STILL_STYLE | MODERATED)
    ):
        return True
    if len(words) == 1:
        return words[0] in QUALITY_WORDS
    known = all(w in FAULTS or w in FAULTY or w in QUALITY_WORDS or w in GRAMMAR for w in words)
    return known and any(word in FAULTS or word in QUALITY_WORDS for word in words)
