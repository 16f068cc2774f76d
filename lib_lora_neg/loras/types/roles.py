"""LoRAs that are *meant* for the negative side: dedicated negatives, trigger negatives, sliders.

These say so in their names, hints and pages; what they say outranks the page's category, because
the upload form has no category for them. Look-alikes are as common as the real ones: pages that
recommend negative embeddings, styles called after an artist ``Neg``, sets with an ordinary
weight that advertise themselves as a "slider".
"""

from __future__ import annotations

# ruff: noqa: RUF001  (pages are written with every dash, tilde and quotation mark there is)
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache

from ...sentences import say
from ..card import LoraType, TypeInference
from ..vocabulary import is_common_tag, is_descriptive_tag, is_generic_word
from .accelerators import accelerator_reason
from .evidence import TypeEvidence

STATED = 0.95
"""The author says it in the name or the usage hint."""

DESCRIBED = 0.9
"""The author describes it in the page's text."""

SEEN = 0.85
"""Nobody says it, but the page's own pictures are made that way."""


@dataclass(frozen=True)
class Role:
    """A role with its evidence, and the word that goes into the negative prompt, if any."""

    inference: TypeInference
    negative_word: str = ""


def find_role(evidence: TypeEvidence) -> Role | None:
    """Return the role the evidence states, or ``None`` for an ordinary LoRA."""
    evidence = replace(
        evidence,
        names=tuple(map(squeezed, evidence.names)),
        hints=tuple(map(squeezed, evidence.hints)),
        description=squeezed(evidence.description),
        notes=squeezed(evidence.notes),
    )
    return (
        _trigger_negative(evidence)
        or _dedicated_negative(evidence)
        or _accelerator(evidence)
        or _slider(evidence)
    )


_LONG_GAP = re.compile(r"\s{9,}")


def names_embedding(text: str) -> bool:
    """Return whether a short text holds the name of a well-known negative embedding."""
    return _EMBEDDING.search(text) is not None


def squeezed(text: str) -> str:
    """Return a text without long gaps: the expressions below take a time that grows with them."""
    return _LONG_GAP.sub(lambda gap: gap[0][:8], text)


def _role(kind: LoraType, confidence: float, reason: str, word: str = "") -> Role:
    return Role(TypeInference(kind, confidence, (reason,)), word)


@lru_cache(maxsize=64)
def _split_name(name: str) -> str:
    """``sd_xl_NegativeArt-v2`` → ``sd xl Negative Art v2``: words apart, case kept."""
    spaced = re.sub(r"[_\W]+", " ", name.replace("+/-", " plusminus "))
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z\d])", " ", spaced)
    return re.sub(r"(?<=[A-Z]{2})(?=[A-Z][a-z])", " ", spaced).strip()


def _search(pattern: re.Pattern[str], texts: Iterable[str]) -> re.Match[str] | None:
    for text in texts:
        match = pattern.search(text)
        if match:
            return match
    return None


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


def _trigger_negative(evidence: TypeEvidence) -> Role | None:
    for name in evidence.names:
        if _WRONG.search(_split_name(name)):
            return _role(
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
                quote=_quote(match),
            )
            return _role(LoraType.TRIGGER_NEGATIVE, STATED, reason, word)
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


def _dedicated_negative(evidence: TypeEvidence) -> Role | None:
    kind = LoraType.DEDICATED_NEGATIVE
    for name in evidence.names:
        words = _split_name(name)
        match = _NEGATIVE_NAME.search(words)
        if match and not _NOT_NEGATIVE_NAME.search(words) and not _EMBEDDING.search(name):
            return _role(kind, STATED, say("called a negative: “{name}”", name=name))
    if evidence.marked_negative:
        return _role(kind, STATED, "modelspec.is_negative_embedding is set")
    tag = next((tag for tag in evidence.categories if tag in _NEGATIVE_TAGS), "")
    if tag:
        return _role(kind, STATED, say("the model page is tagged “{tag}”", tag=tag))
    match = _search(_INTO_NEGATIVE, evidence.hints) or _search(_MINUS_ONE, evidence.hints)
    if match:
        return _role(kind, STATED, say("its usage hint says “{quote}”", quote=_quote(match)))
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
            made=_quote(made_of_bad),
            weight=_quote(minus),
        )
        return _role(LoraType.DEDICATED_NEGATIVE, DESCRIBED, reason)
    into = _MADE_NEGATIVE.search(text)
    if into:
        return _role(
            LoraType.DEDICATED_NEGATIVE, DESCRIBED, say("described: “{quote}”", quote=_quote(into))
        )
    return None


def _accelerator(evidence: TypeEvidence) -> Role | None:
    if _search(_SLIDER_NAME, (_split_name(name) for name in evidence.names)):
        return None
    reason = accelerator_reason(evidence)
    return _role(LoraType.ACCELERATOR, STATED, reason) if reason else None


# Also at the end of a word that an author did not part: ``ageslider``.
_SLIDER_NAME = re.compile(r"sliders?\b|スライダー|滑块|슬라이더", re.IGNORECASE)
_ADJUSTER_NAME = re.compile(
    r"\b(?:tweaker|adjuster|adjustment|adjust|plusminus|regulator|equalizer)s?\b"
    r"|调整|調整|调节|調節|增/减|조정",
    re.IGNORECASE,
)
_NUMBER = r"\d{1,2}(?:\.\d+)?"
_SIGNED_RANGE = re.compile(
    rf"(?:(?<![\w.)\]+])[-−－]|\b(?:from|between)\s+[-−–－]\s?){_NUMBER}\s*(?:~|～|to|至|到|/|and|through|\.\.|…|から|<->)\s*"
    rf"[+＋]?\s?{_NUMBER}"
    rf"|(?<![\w.]){_NUMBER}\s*/\s*[-−]\s?{_NUMBER}|±\s?{_NUMBER}|\+/-\s?{_NUMBER}",
    re.IGNORECASE,
)
_TIMES = re.compile(r"denois|cfg|clip\s*skip|steps|time|size|resolution|\d{2}/\d{2}", re.IGNORECASE)
_OPPOSITE = re.compile(
    r"マイナス(?:で|に|方向|適用)|負の(?:値|数|weight|ウェイト)|负(?:数|权重|值|向)|負(?:數|權重)"
    r"|(?:negative|minus)\s+(?:values?|numbers?|weights?|strengths?|direction)\b[^.\n]{0,50}"
    r"\b(?:will|makes?|becomes?|results?|can|gives?|to\s+(?:get|make|remove|reduce)|lightens?"
    r"|darkens?|removes?|reduces?|enhances?|brighten|soften)"
    r"|operated\s+in\s+\W?minus|apply(?:ing)?\s+(?:it\s+)?(?:in|with|at)\s+an?\s+(?:negative|minus)",
    re.IGNORECASE,
)
_BOTH_WAYS = re.compile(
    r"\b(?:positive|increas\w{1,9}|higher|plus|raise|normally|when\s+applied|adjust\w{0,9}|control\w{0,9}"
    r"|tweak\w{0,9}|applying\s+it|switch\w{0,9}|results\s+will\s+depend)\b|適用すると|增加|调整|通常|強く|控制",
    re.IGNORECASE,
)
_ONE_WAY = re.compile(
    rf"\b(?:from|between)\s+0(?:\.\d+)?\s*(?:to|and|-|~)\s*{_NUMBER}\b", re.IGNORECASE
)


def _slider(evidence: TypeEvidence) -> Role | None:
    names = [_split_name(name) for name in evidence.names]
    texts = (*evidence.hints, evidence.description, evidence.notes)
    signed = _signed_range(texts)
    stated = _search(_SLIDER_NAME, names) or _search(_SLIDER_NAME, evidence.categories)
    if stated and (signed or not _is_ordinary(evidence, texts)):
        return _role(LoraType.SLIDER, STATED, "calls itself a slider in its name or tags")
    hinted = _search(_SLIDER_NAME, evidence.hints)
    if hinted:
        return _role(LoraType.SLIDER, STATED, "its usage hint calls it a slider")
    if signed:
        return _role(
            LoraType.SLIDER, DESCRIBED, say("states weights of both signs: “{range}”", range=signed)
        )
    opposite = _search(_OPPOSITE, texts)
    if opposite and _search(_BOTH_WAYS, texts):
        reason = say(
            "describes the opposite effect of a negative weight: “{quote}”", quote=_quote(opposite)
        )
        return _role(LoraType.SLIDER, DESCRIBED, reason)
    adjuster = _search(_ADJUSTER_NAME, evidence.names) or _search(_ADJUSTER_NAME, names)
    if adjuster and not evidence.trained_words:
        reason = say("called “{name}”, and it has no trigger word", name=adjuster.group())
        return _role(LoraType.SLIDER, DESCRIBED, reason)
    return _seen_slider(evidence)


def _signed_range(texts: Iterable[str]) -> str:
    for text in texts:
        for match in _SIGNED_RANGE.finditer(text):
            around = text[max(0, match.start() - 25) : match.end() + 12]
            if not (_TIMES.search(around) or _is_dash(match.group())):
                return match.group().strip()
    return ""


def _is_dash(text: str) -> bool:
    """``weight -0.6~0.8``: two ordinary weights behind a dash, not a signed range."""
    numbers = [float(number) for number in re.findall(r"\d+(?:\.\d+)?", text)]
    return (
        len(numbers) == 2
        and 0.3 <= numbers[0] < numbers[1] <= 1.2
        and not text.lower().startswith(("from", "between"))
    )


def _is_ordinary(evidence: TypeEvidence, texts: Iterable[str]) -> bool:
    """Many trigger words, or a stated range from zero up: no slider, whatever it is called."""
    return len(evidence.trained_words) >= 3 or _search(_ONE_WAY, texts) is not None


def _seen_slider(evidence: TypeEvidence) -> Role | None:
    weights = evidence.sample_weights
    negative = sum(weight <= -0.5 for weight in weights)
    if len(weights) < 3 or negative * 2 < len(weights) or evidence.trained_words:
        return None
    reason = say(
        "{count} of {total} sample pictures use it at −0.5 or below",
        count=negative,
        total=len(weights),
    )
    return _role(LoraType.SLIDER, SEEN, reason)


def _quote(match: re.Match[str]) -> str:
    return " ".join(match.group().split())[:80]
