"""Sliders, as their names, hints, pages and sample pictures state them.

Sets with an ordinary weight advertise themselves as a "slider", too.
"""

from __future__ import annotations

# ruff: noqa: RUF001  (pages are written with every dash, tilde and quotation mark there is)
import re
from collections.abc import Iterable

from ...sentences import say
from ..card import LoraType
from .evidence import TypeEvidence
from .statements import DESCRIBED, SEEN, STATED, Role, first_match, quote, role_of, split_name

# Also at the end of a word that an author did not part: ``ageslider``.
SLIDER_NAME = re.compile(r"sliders?\b|スライダー|滑块|슬라이더", re.IGNORECASE)
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


def slider(evidence: TypeEvidence) -> Role | None:
    """Return the role of a slider; ``None`` for others."""
    names = [split_name(name) for name in evidence.names]
    texts = (*evidence.hints, evidence.description, evidence.notes)
    signed = _signed_range(texts)
    stated = first_match(SLIDER_NAME, names) or first_match(SLIDER_NAME, evidence.categories)
    if stated and (signed or not _is_ordinary(evidence, texts)):
        return role_of(LoraType.SLIDER, STATED, "calls itself a slider in its name or tags")
    hinted = first_match(SLIDER_NAME, evidence.hints)
    if hinted:
        return role_of(LoraType.SLIDER, STATED, "its usage hint calls it a slider")
    if signed:
        return role_of(
            LoraType.SLIDER, DESCRIBED, say("states weights of both signs: “{range}”", range=signed)
        )
    opposite = first_match(_OPPOSITE, texts)
    if opposite and first_match(_BOTH_WAYS, texts):
        reason = say(
            "describes the opposite effect of a negative weight: “{quote}”", quote=quote(opposite)
        )
        return role_of(LoraType.SLIDER, DESCRIBED, reason)
    adjuster = first_match(_ADJUSTER_NAME, evidence.names) or first_match(_ADJUSTER_NAME, names)
    if adjuster and not evidence.trained_words:
        reason = say("called “{name}”, and it has no trigger word", name=adjuster.group())
        return role_of(LoraType.SLIDER, DESCRIBED, reason)
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
    return len(evidence.trained_words) >= 3 or first_match(_ONE_WAY, texts) is not None


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
    return role_of(LoraType.SLIDER, SEEN, reason)
