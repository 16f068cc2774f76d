"""No regular expression of the package takes more than linear time, whatever text it meets.

The expressions are collected from the package itself, so that a new one cannot be forgotten, and
each is fed texts that are hard for it. What is counted is the CPU time of this process.
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Iterable

import pytest

from lib_lora_neg.loras.types.signals import _LONGEST_ROMAJI, _ROMAJI
from lib_lora_neg.loras.types.statements import squeezed
from lib_lora_neg.prompts.match import _word_pattern
from tests.support.patterns import Found, Seed, collect, given_to, grown, hard_seeds


def up_to_last_bracket(text: str) -> str:
    return text[: text.rfind(">") + 1]


FED: list[tuple[str, str, Callable[[str], str]]] = [
    ("loras/types/negatives.py", "", squeezed),
    ("loras/types/sliders.py", "", squeezed),
    ("loras/types/signals.py", _ROMAJI.pattern, lambda text: text[:_LONGEST_ROMAJI]),
    ("prompts/opaque.py", "<ppp:", up_to_last_bracket),
    ("prompts/tags.py", r"<(\w+):", up_to_last_bracket),
]
"""What a module mends in every text before an expression of this beginning sees it."""

PUT_TOGETHER: dict[tuple[str, str], Iterable[re.Pattern[str]]] = {
    # Literals, at the places where the function is called.
    ("hosts/diffusers/layouts.py", "pattern"): given_to("count", "hosts/diffusers"),
    ("loras/families/dit.py", "pattern"): given_to("_inputs", "loras/families/dit.py"),
    # The words of a trigger or a term.
    ("prompts/match.py", "_BEFORE + _PREFIX + _spellings(name) + tail"): [
        _word_pattern(name, origin)
        for name in ("a", "a a", "a b", "( (", "x \\", "é 漢", "1 girl")
        for origin in ("", "a", "a a")
    ],
}
"""Expressions that are put together when they run, by the call that compiles them."""

SHORT = 4096
SLOW = 0.006
"""Seconds for a text of `SHORT` characters, 1.5 µs each, from which its growth is looked at.
A quadratic expression needs eight million steps for it, which take longer."""

LENGTHS = (16, 20, 24, 48, 96, 192, 384, 768, 1536, SHORT)
"""Tried in turn: what doubles with every character never ends at a long one."""

SEEDS = 150
"""Seeds tried of each expression here; `bench/fuzz.py` tries all."""

found, unknown = collect()


def seconds(pattern: re.Pattern[str], text: str, anchored: bool) -> float:
    start = time.process_time()
    if anchored:
        pattern.match(text)
    else:
        for _ in pattern.finditer(text):
            pass
    pattern.fullmatch(text)
    return time.process_time() - start


def grows_linearly(time_of: Callable[[int], float]) -> bool:
    """Return whether a time that was too long grows with the length and no faster.

    The shortest length that can be told from nothing is compared with twice and four times it.
    """
    length = next(n for n in LENGTHS if n == SHORT or time_of(n) > 0.001)
    if length < 192:
        return False  # some ten microseconds for a character
    best = [min(time_of(n) for _ in range(3)) for n in (length, 2 * length, 4 * length)]
    return best[2] < 8 * best[0]


def check(
    pattern: re.Pattern[str],
    seeds: Iterable[Seed],
    mend: Callable[[str], str] = str,
    anchored: bool = False,
) -> None:
    for seed in seeds:

        def time_of(length: int, seed: Seed = seed) -> float:
            return seconds(pattern, mend(grown(seed, length)), anchored)

        if any(time_of(length) > SLOW for length in LENGTHS):
            assert grows_linearly(time_of), (
                f"{pattern.pattern!r} takes more than linear time for {seed}"
            )


def mend_of(entry: Found) -> Callable[[str], str]:
    for module, beginning, mend in FED:
        if entry.module == module and entry.pattern.pattern.startswith(beginning):
            return mend
    return str


def some(pattern: re.Pattern[str]) -> list[Seed]:
    seeds = hard_seeds(pattern)
    first, rest = seeds[: SEEDS // 2], seeds[SEEDS // 2 :]
    random.Random(pattern.pattern).shuffle(rest)
    return first + rest[: SEEDS // 2]


@pytest.mark.parametrize("entry", found, ids=str)
def test_it_takes_linear_time(entry: Found) -> None:
    check(entry.pattern, some(entry.pattern), mend_of(entry), entry.anchored)


@pytest.mark.parametrize("call", PUT_TOGETHER, ids=str)
def test_what_is_put_together_takes_linear_time(call: tuple[str, str]) -> None:
    for pattern in PUT_TOGETHER[call]:
        check(pattern, some(pattern))


def test_none_is_forgotten() -> None:
    known = set(PUT_TOGETHER)
    calls = {(call.module, call.expression): call.line for call in unknown}
    new = set(calls) - known
    assert not new, f"say in PUT_TOGETHER what these are made of: {[(*c, calls[c]) for c in new]}"
    assert not known - set(calls), "no longer there"
    mended = {mend_of(entry) for entry in found}
    assert mended >= {mend for _, _, mend in FED}, "no longer there"
    assert len(found) > 100, "the collection itself is broken"


@pytest.mark.parametrize(
    "bad",
    [
        r"^\(+\s*([^()]+?)\s*(?::\s*[\d.]+)?\s*\)+$",
        r"(a+)+b",
        r"\s*,",
        r"#.*?;",
        r"\w+@\w+",
        r"(?:use|using)\s+(?:the)?\s*x",
        r"a.*b.*c",
    ],
)
def test_the_texts_are_hard(bad: str) -> None:
    """The texts find what is not linear: expressions of which it is known."""
    with pytest.raises(AssertionError):
        check(re.compile(bad), some(re.compile(bad)))
