"""Extra-network tags: ``<lora:name:te:unet:key=value>`` as A1111's Lora extension reads them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import NamedTuple

BLOCK_WEIGHT_TOOL = "lora-block-weight"

_TAG = re.compile(r"<(\w+):([^>]+)>")
_UNRESOLVED = re.compile(r"[{$]|^__.+__$", re.S)
_CHOICE = re.compile(r"[|$]|^__.+__$", re.S)
_BETWEEN_RULES = re.compile(r"[-,;+\s]+")
_RULE = re.compile(r"[Rr][0-9]{1,2}[A-Fa-f]?")
_LONGEST_GUARD = 120
_MOST_STRENGTH = 1e6
_OWN_ARGUMENTS = frozenset({"te", "unet", "dyn", "guard", "neg", "negte", "blocks"})


class Weight(NamedTuple):
    """One strength of a network as it stands in a tag.

    Attributes:
        value: the number the host uses; ``None`` when it is scheduled, no number, or a number
            that nobody can mean (``nan``, ``inf``). ``-inf`` (and ``-1e400``) is a number here,
            because a floor can be set against it.
        minimum: the lowest weight of a schedule; ``value`` for a plain number.
        scheduled: a third-party schedule such as ``0@0,1@0.4`` or ``[1@0,0.5@0.7]``.
        invalid: text that the host's ``float()`` refuses.
        raw: the text as written; ``None`` where the weight is the default or inherited.
    """

    value: float | None
    minimum: float | None
    scheduled: bool
    invalid: bool
    raw: str | None

    @property
    def boundless(self) -> bool:
        """Whether the host takes it for a number and no picture comes of it: ``nan``, ``inf``."""
        return self.value is None and not self.invalid and not self.scheduled


class NetworkTag(NamedTuple):
    """An extra-network tag.

    Attributes:
        start: offset of ``<``.
        end: offset after ``>``.
        type: ``lora``, ``lyco``, ``hypernet`` ….
        name: the first positional argument, as written.
        items: what the host gets when it splits the arguments at ``:``.
        te: strength of the text-encoder part.
        unet: strength of the unet part.
        guard_off: ``guard=off`` stands in the tag.
        foreign: arguments that the host's Lora extension has no meaning for.
        editable: ``False`` where another tool may still rewrite the tag (``{a|b}`` …).
        exempt: the rules that ``guard=-R3`` or ``guard=-R1-R3`` exempts it from, as written
            there but in the spelling of the rules: ``R3``, ``R11a``.
        guard: the value of the ``guard`` argument, as written; empty without one.
        literal: not editable only because its own name looks like another tool's span
            (``wan{2}``), so that it is a plain tag if there is a LoRA of that name.
        neg: strength of the unet part on the negative branch (``neg=0.3``); ``None`` where the
            tag has one strength for both branches.
        negte: strength of the text-encoder part while the negative prompt is encoded
            (``negte=0``); likewise. The host's Lora extension passes over both arguments.
        blocks: which blocks it acts in (`blocks.read_blocks`), as written; empty for all.
    """

    start: int
    end: int
    type: str
    name: str
    items: tuple[str, ...]
    te: Weight
    unet: Weight
    guard_off: bool
    foreign: tuple[str, ...]
    editable: bool
    exempt: frozenset[str] = frozenset()
    guard: str = ""
    literal: bool = False
    neg: Weight | None = None
    negte: Weight | None = None
    blocks: str = ""

    @property
    def branched(self) -> bool:
        """Whether the negative branch is asked to have strengths of its own."""
        return self.neg is not None or self.negte is not None

    @property
    def negative_unet(self) -> Weight:
        """Strength of the unet part on the negative branch."""
        return self.unet if self.neg is None else self.neg

    @property
    def negative_te(self) -> Weight:
        """Strength of the text-encoder part while the negative prompt is encoded.

        As ``unet`` follows ``te`` in a tag of one number, so ``negte`` follows ``neg``.
        """
        if self.negte is not None:
            return self.negte
        return self.te if self.neg is None else self.neg

    @property
    def branches(self) -> tuple[float, float] | None:
        """Strengths of unet and text encoder on the negative branch, where the tag gives them.

        ``None`` too where one of them is no number, or one that nobody can mean.
        """
        neg, negte = self.negative_unet.value, self.negative_te.value
        if not self.branched or neg is None or negte is None:
            return None
        return (neg, negte) if max(abs(neg), abs(negte)) <= _MOST_STRENGTH else None

    @property
    def swallowed_name(self) -> str:
        """The first item where the host reads it as ``key=value`` and so finds no name there."""
        return self.items[0] if is_named(self.items[0]) else ""

    @property
    def guard_unread(self) -> bool:
        """Whether there is a ``guard`` argument of a value that means nothing."""
        return bool(self.guard) and not self.guard_off and not self.exempt

    @property
    def is_lora(self) -> bool:
        """Whether the Lora extension loads it (``lyco`` is its alias)."""
        return self.type in ("lora", "lyco")


class Arguments(NamedTuple):
    """Where the Lora extension finds its arguments: indexes into a tag's items."""

    positional: tuple[int, ...]
    named: dict[str, int]


def is_named(item: str) -> bool:
    """Whether the host reads ``item`` as ``key=value`` (exactly one ``=``)."""
    return item.count("=") == 1


def read_arguments(items: tuple[str, ...]) -> Arguments:
    """Tell positional from named arguments; the last of equal names wins."""
    positional: list[int] = []
    named: dict[str, int] = {}
    for index, item in enumerate(items):
        if is_named(item):
            named[item.partition("=")[0]] = index
        else:
            positional.append(index)
    return Arguments(tuple(positional), named)


def match_tags(text: str) -> Iterator[re.Match[str]]:
    """Every tag the host would take out of ``text``: groups are the type and the arguments."""
    # Without the end, each "<a:" of an unclosed run would be searched to the end of the text.
    return _TAG.finditer(text, 0, text.rfind(">") + 1)


def read_tag(match: re.Match[str], tools: frozenset[str] = frozenset()) -> NetworkTag:
    """The tag of a match of `match_tags`."""
    items = tuple(match[2].split(":"))
    arguments = read_arguments(items)
    positional = [items[index] for index in arguments.positional]
    named = {key: items[index].partition("=")[2] for key, index in arguments.named.items()}
    lenient = BLOCK_WEIGHT_TOOL in tools
    te, unet = _read_weights(positional, named, lenient)
    ours = {key.strip().lower(): value for key, value in named.items()}
    guard = ours.get("guard", "")
    name = positional[0] if positional else items[0]
    unresolved = _UNRESOLVED.search(match[2]) is not None
    return NetworkTag(
        match.start(),
        match.end(),
        match[1],
        name,
        items,
        te,
        unet,
        guard.strip().lower() == "off",
        _foreign(items, arguments, lenient),
        not unresolved,
        read_exemptions(guard),
        guard,
        unresolved
        and name == items[0]
        and _CHOICE.search(name) is None
        and _UNRESOLVED.search(match[2][len(name) :]) is None,
        read_weight(ours["neg"]) if "neg" in ours else None,
        read_weight(ours["negte"]) if "negte" in ours else None,
        ours.get("blocks", "").strip(),
    )


def read_exemptions(value: str) -> frozenset[str]:
    """The rules named by the value of a ``guard`` argument: ``-R3``, ``-R1-R11a``, ``-r1,-r3``.

    Empty where any piece of it is no rule's name.
    """
    if not value.lstrip().startswith("-") or len(value) > _LONGEST_GUARD:
        return frozenset()
    names = [name.strip() for name in _BETWEEN_RULES.split(value) if name.strip()]
    if not all(_RULE.fullmatch(name) for name in names):
        return frozenset()
    return frozenset("R" + name[1:].lower() for name in names)


def _read_weights(
    positional: list[str], named: dict[str, str], lenient: bool
) -> tuple[Weight, Weight]:
    te = _pick(positional, 1, named.get("te"), Weight(1.0, 1.0, False, False, None), lenient)
    if not positional:  # the host looks for a name among the positional arguments and fails
        te = te._replace(value=None, minimum=None, invalid=True)
    inherited = te._replace(raw=None)
    return te, _pick(positional, 2, named.get("unet"), inherited, lenient)


def _pick(
    positional: list[str], index: int, named: str | None, default: Weight, lenient: bool
) -> Weight:
    weight = default
    if len(positional) > index:
        weight = read_weight(positional[index])
        if weight.invalid and lenient:  # a preset of LoRA Block Weight, on a loader that passes it
            weight = default
    if named is None:
        return weight
    # The host converts the positional one first, so that a bad one fails in any case.
    written = read_weight(named)
    if weight.invalid and weight.raw is not None:
        return written._replace(value=None, minimum=None, invalid=True)
    return written


def read_weight(raw: str) -> Weight:
    """Read a weight as ``float()`` would, or as a schedule of loractl or Forge Neo."""
    try:
        value = float(raw)
    except ValueError:
        points = _schedule_weights(raw)
        minimum = min(points) if points else None
        return Weight(None, minimum, bool(points), not points, raw)
    if math.isnan(value) or value == math.inf:
        return Weight(None, None, False, False, raw)
    return Weight(value, value, False, False, raw)


def _schedule_weights(raw: str) -> list[float]:
    """The weights of ``w@t,w@t``; empty when it is no such schedule."""
    if "@" not in raw:
        return []
    text = raw.strip()
    if text.startswith("[") and text.endswith("]"):
        text = text[1:-1]
    weights = []
    for point in re.split("[,;]", text):
        weight, _, moment = point.partition("@")
        try:
            numbers = float(weight), float(moment or "0")
        except ValueError:
            return []
        if not math.isfinite(numbers[0]):
            return []
        weights.append(numbers[0])
    return weights


def _foreign(items: tuple[str, ...], arguments: Arguments, lenient: bool) -> tuple[str, ...]:
    own = set(arguments.positional[:4])
    if lenient:
        own -= {i for i in arguments.positional[1:4] if read_weight(items[i]).invalid}
    own |= {i for key, i in arguments.named.items() if key.strip().lower() in _OWN_ARGUMENTS}
    return tuple(item for index, item in enumerate(items) if index not in own)


def format_number(value: float) -> str:
    """Write a weight without exponent, cut (never rounded up in size) to three decimals.

    A number too small for three decimals keeps its first three significant digits, so that
    no weight becomes 0 by writing it down.
    """
    size = abs(value)
    if not size < 1e15:  # decimals say nothing there, and their arithmetic overflows
        return repr(value)
    decimals = 3
    while size and size * 10**decimals < 1 - 1e-9 and decimals < 12:
        decimals += 1
    if decimals > 3:
        decimals += 2
    scale = 10**decimals
    size = math.floor(round(size * scale, 6)) / scale
    text = f"{size:.{decimals}f}".rstrip("0").rstrip(".")
    return f"-{text}" if value < 0 and size else text


def format_tag(
    kind: str,
    name: str,
    te: float,
    unet: float,
    neg: float | None = None,
    negte: float | None = None,
    *,
    guard: str = "",
    blocks: str = "",
) -> str:
    """Write ``<kind:name:weight>``, or ``<kind:name:te:unet>`` where the two differ.

    Named arguments follow where there are any: strengths of the negative branch, ``negte`` only
    where it is not ``neg``, a mask of blocks and a ``guard`` argument.
    """
    numbers = [format_number(te)]
    if format_number(unet) != numbers[0]:
        numbers.append(format_number(unet))
    if neg is not None:
        numbers.append(f"neg={format_number(neg)}")
    inherited = te if neg is None else neg
    if negte is not None and format_number(negte) != format_number(inherited):
        numbers.append(f"negte={format_number(negte)}")
    if blocks:
        numbers.append(f"blocks={blocks}")
    if guard:
        numbers.append(f"guard={guard}")
    return f"<{kind}:{name}:{':'.join(numbers)}>"
