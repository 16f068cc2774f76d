"""What A1111 1.10.1 makes of a prompt: networks, sub-prompts, schedules, attention.

These functions answer what the host's own would, for any string, and never raise. Where the
host itself would fail on a number (a weight of ``1.2.3``, a step of ``1e999``), the number
counts as 1.0, or as the last step.
"""

from __future__ import annotations

import re
from bisect import bisect_left

from .brackets import ROUND_MULTIPLIER, SQUARE_MULTIPLIER, Bracket, BracketKind, read_brackets
from .tags import match_tags

AND = re.compile(r"\bAND\b")
BREAK_WEIGHT = -1

_BREAK = re.compile(r"(?:(?<!\s)\s*)?\bBREAK\b\s*")
_PART_WEIGHT = re.compile(r"\s*([-+]?(?:\d+\.?|\d*\.\d+))")
_ATTENTION = re.compile(r"\\[()\[\]\\]?|[(\[]|:\s*([+-]?[.\d]+)\s*\)|[)\]]|[^\\()\[\]:]+|:")


def extra_networks(text: str) -> list[tuple[str, list[str]]]:
    """Type and arguments of each extra network in ``text``, in order."""
    return [(match[1], match[2].split(":")) for match in match_tags(text)]


def split_part_weight(text: str, start: int, end: int) -> tuple[int, float]:
    """Where the words of the sub-prompt ``text[start:end]`` end, and its weight."""
    tail = end - (len(text[start:end]) - len(text[start:end].rstrip()))
    colon = text.rfind(":", start, tail)
    if colon >= 0:
        weight = _PART_WEIGHT.fullmatch(text, colon + 1, tail)
        if weight is not None:
            tail = start + len(text[start:colon].rstrip())
            return tail, float(weight[1])
    return tail, 1.0


def and_parts(text: str) -> list[tuple[str, float]]:
    """The sub-prompts that ``AND`` separates in a positive prompt, with their weights."""
    parts = []
    position = 0
    for match in [*AND.finditer(text), None]:
        end = match.start() if match else len(text)
        tail, weight = split_part_weight(text, position, end)
        parts.append((text[position:tail], weight))
        position = match.end() if match else end
    return parts


def schedules(
    text: str, steps: int, hires_steps: int | None = None, use_old_scheduling: bool = False
) -> list[tuple[int, str]]:
    """The texts of one sub-prompt over the steps: ``(last step, text)``, in order.

    Args:
        text: one sub-prompt (see `and_parts`), without tags.
        steps: of the first pass.
        hires_steps: of the hires pass when its schedule is asked for.
        use_old_scheduling: the host's option of that name.
    """
    structure = read_brackets(text, 0, len(text))
    choices = [pair for pair in structure.brackets if pair.is_choice]
    last = steps if hires_steps is None or use_old_scheduling else hires_steps
    moments: dict[int, int] = {}
    ends = {last}
    for pair in choices:
        if pair.kind is BracketKind.ALTERNATE:
            ends.update(range(1, last + 1))
        else:
            moment = _moment(text, pair, steps, hires_steps, use_old_scheduling)
            moments[pair.open] = moment
            if moment >= 1:
                ends.add(moment)
    if not choices:
        return [(last, text)]
    opens = [pair.open for pair in choices]
    return [(end, _text_at(text, choices, opens, moments, end)) for end in sorted(ends)]


def _moment(text: str, pair: Bracket, steps: int, hires: int | None, old: bool) -> int:
    """The last step on which a schedule shows its first option."""
    raw = text[pair.tail + 1 : pair.close].strip()
    value = float(raw)
    last = steps
    if old:
        value = value * steps if value < 1 else value
    elif hires is None:
        value = value * steps if "." in raw else value
    else:
        last = hires
        value = (value - 1.0) * hires if "." in raw else value - steps
    return last if value >= last else int(max(value, -1.0))


def _text_at(
    text: str, choices: list[Bracket], opens: list[int], moments: dict[int, int], step: int
) -> str:
    pieces: list[str] = []
    todo = [(0, len(text))]
    while todo:
        start, end = todo.pop()
        index = bisect_left(opens, start)
        if index == len(opens) or opens[index] >= end:
            pieces.append(text[start:end])
            continue
        pair = choices[index]
        pieces.append(text[start : pair.open])
        todo.append((pair.close + 1, end))
        options = pair.options()
        if pair.kind is BracketKind.ALTERNATE:
            todo.append(options[(step - 1) % len(options)])
        elif step > moments[pair.open]:
            todo.append(options[-1])
        elif len(options) == 2:
            todo.append(options[0])
    return "".join(pieces)


def attention(text: str) -> list[tuple[str, float]]:
    """The pieces of one step's text with their weights; ``("BREAK", -1)`` marks a new chunk."""
    reader = AttentionReader()
    reader.take_all(text)
    merged: list[tuple[list[str], float]] = []
    for piece, weight in reader.pieces():
        if merged and merged[-1][1] == weight:
            merged[-1][0].append(piece)
        else:
            merged.append(([piece], weight))
    return [("".join(run), weight) for run, weight in merged] or [("", 1.0)]


class AttentionReader:
    """Follows the host step by step: its order of multiplications decides the last digits,
    and they decide which neighbours it joins."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._weights: list[float] = []
        self._rounds: list[int] = []
        self._squares: list[int] = []

    def take_all(self, text: str) -> None:
        """Read ``text``, and close what it leaves open."""
        for match in _ATTENTION.finditer(text):
            self._take(match[0], match[1])
        for start in self._rounds:
            self._multiply(start, ROUND_MULTIPLIER)
        for start in self._squares:
            self._multiply(start, SQUARE_MULTIPLIER)

    def pieces(self) -> list[tuple[str, float]]:
        """The pieces with their weights, before neighbours of equal weight are joined."""
        return list(zip(self._pieces, self._weights, strict=True))

    def _take(self, token: str, weight: str | None) -> None:
        if token[0] == "\\":
            self._add(token[1:], 1.0)
        elif token == "(":
            self._rounds.append(len(self._pieces))
        elif token == "[":
            self._squares.append(len(self._pieces))
        elif token[-1] == ")" and self._rounds:
            multiplier = ROUND_MULTIPLIER if weight is None else _number(weight)
            self._multiply(self._rounds.pop(), multiplier)
        elif token == "]" and self._squares:
            self._multiply(self._squares.pop(), SQUARE_MULTIPLIER)
        else:
            for index, piece in enumerate(_BREAK.split(token)):
                if index:
                    self._add("BREAK", BREAK_WEIGHT)
                self._add(piece, 1.0)

    def _add(self, piece: str, weight: float) -> None:
        self._pieces.append(piece)
        self._weights.append(weight)

    def _multiply(self, start: int, multiplier: float) -> None:
        weights = self._weights
        weights[start:] = [weight * multiplier for weight in weights[start:]]


def _number(raw: str) -> float:
    try:
        return float(raw)
    except ValueError:
        return 1.0
