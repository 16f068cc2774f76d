"""The weight that a page's own words recommend, as ``recommended weight: 0.6-0.8``."""

from __future__ import annotations

import re
from collections.abc import Iterable

LONGEST_TEXT = 20_000
"""Characters of a page that are searched."""

MOST_WEIGHT = 5.0
"""A larger number beside the word is a count, or the end of a slider."""

_SPOKEN = r"[^\d\n.;!?<>{}|]"
_NUMBER = r"(?<![\w.,\-−/])\d{1,2}(?:[.,]\d{1,3})?(?![\d%])"
_TO = r"\s{0,2}(?:-|–|—|−|~|\uff5e|to|up to|and|至|到)\s{0,2}"
_RANGE = rf"(?P<low>{_NUMBER})(?:{_TO}(?P<high>\d{{1,2}}(?:[.,]\d{{1,3}})?(?![\d%])))?"
_NOUN = (
    r"(?:\b(?:weights?|strengths?|multiplier|effective(?: range)?|sweet ?spot)\b"
    r"|权重|權重|强度|強度)"
)
_BEFORE = re.compile(rf"{_NOUN}(?P<between>{_SPOKEN}{{0,40}}?){_RANGE}", re.IGNORECASE)
_BEHIND = re.compile(rf"{_RANGE}(?P<between>\+?[ \t]{{0,3}}(?:lora[ \t])?){_NOUN}", re.IGNORECASE)

_OTHER = re.compile(
    r"denois|cfg|guidance|control ?net|noise|hires|highres|upscal|prompt|clip|ip-?adapter|adetailer"
    r"|checkpoint|重绘|embedding|negative|minus",
    re.IGNORECASE,
)
"""What else has a weight or a strength, in the words before it."""

_BOUND = re.compile(
    r"\b(?:below|under|less|lower|exceed\w*|over|max\w*|not|don'?t|never|avoid|default|step|steps"
    r"|epoch|epochs|version|too|cfg|clip|denois\w*|higher|negative|minus)\b|不要|低于|超过",
    re.IGNORECASE,
)
"""Words between the two that make the number a bound, or one of another thing."""

_ADVICE = re.compile(
    r"re[ck]{1,2}om+[ae]nd|sug+est|best|optimal|ideal|sweet|effective|prefer|\buse\b|\bset\b|\btry\b"
    r"|work|推荐|建议|建議",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"[\n;!?\u3002\uff01\uff1f]|\.(?=\s)")


def stated_weight(texts: Iterable[str]) -> float | None:
    """Return the positive weight that a text recommends, the middle of a range.

    What is said as advice goes before what is only mentioned, an earlier text before a later one.
    """
    mentioned: float | None = None
    for text in texts:
        short = text[:LONGEST_TEXT]
        for pattern in (_BEFORE, _BEHIND):
            for match in pattern.finditer(short):
                weight = _weight(short, match)
                if weight is None:
                    continue
                if _ADVICE.search(_around(short, match)):
                    return weight
                mentioned = mentioned if mentioned is not None else weight
    return mentioned


def _weight(text: str, match: re.Match[str]) -> float | None:
    before = _SENTENCE.split(text[max(0, match.start() - 24) : match.start()])[-1]
    if _OTHER.search(before) or _OTHER.search(match[0]) or _BOUND.search(match["between"]):
        return None
    low = float(match["low"].replace(",", "."))
    high = float((match["high"] or match["low"]).replace(",", "."))
    if not 0.05 <= low <= MOST_WEIGHT or not 0.05 <= high <= MOST_WEIGHT:
        return None
    return round((low + high) / 2, 2)


def _around(text: str, match: re.Match[str]) -> str:
    """Return the sentence that the match stands in, as far as it is near."""
    before = _SENTENCE.split(text[max(0, match.start() - 60) : match.start()])[-1]
    after = _SENTENCE.split(text[match.end() : match.end() + 40])[0]
    return before + match[0] + after
