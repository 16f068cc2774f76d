"""Dedicated negatives and trigger negatives, as their names, hints and pages state them.

Look-alikes are as common as the real ones: pages that recommend negative embeddings, styles called
after an artist ``Neg``.
"""

from __future__ import annotations

# ruff: noqa: RUF001  (pages are written with every dash, tilde and quotation mark there is)
import re
from collections.abc import Iterable

from ...sentences import say
from ..card import LoraType
from ..vocabulary import is_common_tag, is_descriptive_tag, is_generic_word
from .evidence import TypeEvidence
from .statements import DESCRIBED, STATED, Role, first_match, quote, role_of, split_name

_QUOTED = r"[\"'`“”‘’«»*]{1,8}"
_WORD_AS_NEGATIVE = re.compile(
    rf"(?:use|using|put|add|with|include|type|place)(?:ing)?\s+(?:the\s+)?(?:words?|tags?|tokens?"
    rf"|triggers?(?:\s+words?)?)?\s*{_QUOTED}(?P<word>[^\"'`“”‘’«»*\n]{{2,40}}?){_QUOTED}\s*"
    r"(?:as\s+(?:an?\s+|the\s+|your\s+)?|in(?:to)?\s+(?:the\s+|your\s+)?)negatives?\b",
    re.IGNORECASE,
)
_NEGATIVE_TRIGGER = re.compile(
    r"negative\s+(?:prompt\s+)?(?:trigger|keyword|activation)(?:\s+words?)?\s*(?:is|:|=|-)\s*"
    rf"{_QUOTED}?(?P<word>[\w ]{{2,40}})",
    re.IGNORECASE,
)
_BARE_WORD_AS_NEGATIVE = re.compile(
    r"\buse\s+(?:the\s+word\s+)?(?P<word>[a-z0-9_]{3,30})\s+as\s+(?:an?\s+|the\s+|your\s+)?"
    r"negative\s+prompt",
    re.IGNORECASE,
)
_WRONG = re.compile(r"\bwrong\s+lora\b", re.IGNORECASE)
_NOT_A_WORD = frozenset(
    ("it", "this", "that", "them", "these", "lora", "loras", "the", "a", "embedding")
)


_CONDITION = re.compile(
    r"\b(?:if|when|unless|in\s+case|to\s+(?:remove|avoid|get\s+rid|prevent|disable|hide)|without)\b",
    re.IGNORECASE,
)


def trigger_negative(evidence: TypeEvidence) -> Role | None:
    """Return the role of a LoRA whose word goes into the negative prompt; ``None`` for others."""
    for name in evidence.names:
        if _WRONG.search(split_name(name)):
            return role_of(
                LoraType.TRIGGER_NEGATIVE,
                STATED,
                say("named after “wrong”: {name}", name=name),
                "wrong",
            )
    stated = _named_word((*evidence.hints, *evidence.names), evidence)
    return stated or _named_word((evidence.notes, evidence.description), evidence, plain=True)


def _named_word(
    texts: Iterable[str], evidence: TypeEvidence, *, plain: bool = False
) -> Role | None:
    """Find the word that goes into the negative prompt.

    In plain text an ordinary LoRA may name one, too, to suppress a habit of its training data:
    then there is a condition, an ordinary word, or another word that calls the LoRA.
    """
    for text in texts:
        for pattern in (_WORD_AS_NEGATIVE, _BARE_WORD_AS_NEGATIVE, _NEGATIVE_TRIGGER):
            match = pattern.search(text)
            if match is None:
                continue
            word = match["word"].strip(" .,")
            if not _is_word(word) or (plain and _is_advice(text, match, word, evidence)):
                continue
            reason = say(
                "says to put “{word}” into the negative prompt: “{quote}”",
                word=word,
                quote=quote(match),
            )
            return role_of(LoraType.TRIGGER_NEGATIVE, STATED, reason, word)
    return None


def _is_word(word: str) -> bool:
    """A page may name an *embedding* there, or a negative prompt of many words."""
    low = word.lower()
    return not (low in _NOT_A_WORD or "," in low or len(low.split()) > 3 or _EMBEDDING.search(low))


def _is_advice(text: str, match: re.Match[str], word: str, evidence: TypeEvidence) -> bool:
    around = text[max(0, match.start() - 60) : match.end() + 60]
    others = [entry for entry in evidence.trained_words if word.lower() not in entry.lower()]
    ordinary = is_common_tag(word) or is_generic_word(word) or is_descriptive_tag(word)
    return bool(_CONDITION.search(around) or others or ordinary)


_EMBEDDING = re.compile(
    r"easy\s?-?negative|bad[-_ ]?hands?[-_ ]?[v\d]|bad[-_ ]?prompt|bad[-_ ]?artist|bad[-_ ]?dream"
    r"|unrealistic[-_ ]?dream|fast[-_ ]?negative|deep[-_ ]?negative|negative[-_ ]?hand"
    r"|verybadimage|bad[-_ ]?image|ng[-_ ]?deep|negativexl[-_ ]d|unaesthetic|embedding"
    r"|textual\s+inversion|ziprealism|bad[-_ ]?(?:pictures|anatomy)[-_ ]?v?\d|aissist|pyracanny",
    re.IGNORECASE,
)
_NEGATIVE_NAME = re.compile(
    r"\bnegatives?\b(?!\s+(?:space|film|photo|image|print|zone|emotion|color|colour))"
    r"|\bneg\s+(?:lora|xl|sdxl|sd|hands?|quality|prompt)\b|(?<=\w\s)neg\b(?!\s*style)"
    r"|\b(?:lora|xl|sdxl|boring)\s+neg\b"
    r"|\bn\s?(?:fixer|enhancer|improver|detailer)\b|\bn\s+lo\s?(?:ra|con)\b",
    re.IGNORECASE,
)
_NOT_NEGATIVE_NAME = re.compile(
    r"\bnon\s+negative|film\s+negative|photo\w{0,9}\s+negative|negative\s+(?:style|exposure|effect)"
    r"|\bstyle\b.{0,200}\bnegative\b$|positive\s+(?:and|or|n)\s+negative|inverted",
    re.IGNORECASE,
)
_MINUS_ONE = re.compile(
    r"\b(?:use|load|apply|run|set|works?|best|recommended|strength|weight)\b[^.\n]{0,60}?"
    r"(?:at|of|with|to|:|is|=)?\s*[-−–]\s?(?:1|0?\.\d+|1\.\d+)(?:\.0+)?\b(?!\s*(?:to|~|-|–|/)\s*\+?\d)",
    re.IGNORECASE,
)
_TRAINED_ON_BAD = re.compile(
    r"trained\s+(?:up)?on\s+(?:a\s+)?[^.\n]{0,50}\b(?:bad|ugly|boring|spoilt|low[- ]quality|worst"
    r"|terrible|awful|undesirable|mutated|deformed|negative)\b",
    re.IGNORECASE,
)
_INTO_NEGATIVE = re.compile(
    r"(?:lora|lycoris|locon|this|it|me)\s+(?:only\s+)?(?:in|into|to|inside)\s+(?:the\s+|your\s+)?"
    r"negative\s+prompt|\bn[- ]lora\b|negative\s+lora\b|\blora\s+negativ[eo]\b|负面\s*lora"
    r"|ネガティブ\s*lora",
    re.IGNORECASE,
)
_NEGATIVE_TAGS = frozenset(("negative", "negative lora", "negative prompt", "negatives"))


def dedicated_negative(evidence: TypeEvidence) -> Role | None:
    """Return the role of a LoRA made for negative weights; ``None`` for others."""
    kind = LoraType.DEDICATED_NEGATIVE
    for name in evidence.names:
        words = split_name(name)
        match = _NEGATIVE_NAME.search(words)
        if match and not _NOT_NEGATIVE_NAME.search(words) and not _EMBEDDING.search(name):
            return role_of(kind, STATED, say("called a negative: “{name}”", name=name))
    if evidence.marked_negative:
        return role_of(kind, STATED, "modelspec.is_negative_embedding is set")
    tag = next((tag for tag in evidence.categories if tag in _NEGATIVE_TAGS), "")
    if tag:
        return role_of(kind, STATED, say("the model page is tagged “{tag}”", tag=tag))
    match = first_match(_INTO_NEGATIVE, evidence.hints) or first_match(_MINUS_ONE, evidence.hints)
    if match:
        return role_of(kind, STATED, say("its usage hint says “{quote}”", quote=quote(match)))
    return _described_negative(evidence)


_MADE_NEGATIVE = re.compile(
    r"^\W*n-?lora\b|\bis\s+a\s+negative\s+lora\b"
    r"|\b(?:meant|intended|made|designed|supposed|only)\s+(?:to\s+be\s+)?(?:used?\s+)?(?:with|at)"
    r"\s+(?:an?\s+)?negative\s+(?:stren\w{1,20}|weights?|values?)",
    re.IGNORECASE,
)


def _described_negative(evidence: TypeEvidence) -> Role | None:
    text = f"{evidence.description}\n{evidence.notes}"
    made_of_bad = _TRAINED_ON_BAD.search(text)
    minus = _MINUS_ONE.search(text)
    if made_of_bad and minus:
        reason = say(
            "made of spoilt pictures (“{made}”), used at “{weight}”",
            made=quote(made_of_bad),
            weight=quote(minus),
        )
        return role_of(LoraType.DEDICATED_NEGATIVE, DESCRIBED, reason)
    into = _MADE_NEGATIVE.search(text)
    if into:
        return role_of(
            LoraType.DEDICATED_NEGATIVE, DESCRIBED, say("described: “{quote}”", quote=quote(into))
        )
    return None


def names_embedding(text: str) -> bool:
    """Return whether a short text holds the name of a well-known negative embedding."""
    return _EMBEDDING.search(text) is not None
