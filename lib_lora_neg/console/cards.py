"""What is known of a LoRA, for people and for programs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from ..loras.card import LoraCard, LoraType, RangeSource, TagTableKind
from ..loras.reading.weights import WeightFacts, type_from_weights
from ..policy.matrix import range_in_force
from ..telling import in_one_line
from .render import indented, row, to_json
from .terminal import TerminalPalette

_MOST_TAGS = 20
_BAR = 20
_MOST_BLOCKS = 8


def card_as_json(card: LoraCard, weights: WeightFacts | None = None) -> str:
    """Return one line of JSON: the card's fields and the range in force on its own family."""
    force = range_in_force(card, card.family)
    if weights is None:
        return to_json(card, range_in_force=force)
    leaning = type_from_weights(weights, card.family)
    return to_json(card, range_in_force=force, weights=weights, leans_to=leaning)


def card_as_text(
    card: LoraCard, palette: TerminalPalette, weights: WeightFacts | None = None
) -> str:
    """Return everything the card tells, a screen or less, and what was measured of its weights."""
    lines = [palette(in_one_line(card.name), "bold"), *_details(card, palette)]
    if weights is not None:
        lines += _weights(weights, card, palette)
    return "\n".join(lines)


def cards_as_table(
    cards: Iterable[LoraCard], palette: TerminalPalette, width: int | None = None
) -> str:
    """Return a line for each LoRA: name, type, family, range in force, triggers.

    Args:
        cards: in their order.
        palette: of the head.
        width: columns there are; names and triggers are cut to them. ``None``: nothing is cut.
    """
    rows: list[tuple[str, ...]] = [("LoRA", "type", "family", "range", "triggers")]
    rows += [
        (
            in_one_line(card.name),
            _type(card),
            card.family.value,
            _range(card),
            in_one_line(", ".join(trigger.text for trigger in card.triggers[:3])),
        )
        for card in cards
    ]
    if width is not None:
        rows = _cut(rows, width)
    widths = [max(len(cells[column]) for cells in rows) for column in range(4)]
    lines = [
        "  ".join([*(cell.ljust(width) for cell, width in zip(cells, widths, strict=False)), last])
        for *cells, last in rows
    ]
    if width is not None:
        lines = [_shortened(line.rstrip(), width) for line in lines]
    return "\n".join([palette(lines[0].rstrip(), "dim"), *(line.rstrip() for line in lines[1:])])


def _cut(rows: list[tuple[str, ...]], width: int) -> list[tuple[str, ...]]:
    """Return rows with the name and the triggers cut, so that a line fits into the width."""
    middle = sum(max(len(cells[column]) for cells in rows) + 2 for column in (1, 2, 3))
    name = max(_LEAST_NAME, (width - middle) * 2 // 3)
    name = min(name, max(len(cells[0]) for cells in rows))
    last = max(width - middle - name - 2, 0)
    return [(_shortened(cells[0], name), *cells[1:4], _shortened(cells[4], last)) for cells in rows]


_LEAST_NAME = 16


def _shortened(text: str, width: int) -> str:
    return text if len(text) <= width else text[: max(width - 1, 0)] + "…" * (width > 0)


def _details(card: LoraCard, palette: TerminalPalette) -> Iterator[str]:
    if card.title and card.title != card.name:
        yield row("title", in_one_line(card.title))
    if card.alias and card.alias != card.name:
        yield row("alias", in_one_line(card.alias))
    yield row("type", _type(card))
    for reason in card.inference.reasons:
        yield from (palette(line, "dim") for line in indented(f"· {reason}"))
    yield row("family", f"{card.family.value}, {card.key_format} keys, {_algorithm(card)}")
    yield row("parts", _parts(card))
    force = range_in_force(card, card.family)
    yield row("range", _range(card))
    if force is not None and force.reference:
        yield from (palette(line, "dim") for line in indented(force.reference))
    if card.preferred_weight is not None:
        yield row("preferred", f"{card.preferred_weight:g}")
    for number, trigger in enumerate(card.triggers):
        note = palette(f"{in_one_line(trigger.source)}, {trigger.confidence:.0%}", "dim")
        yield row("" if number else "triggers", f"{in_one_line(trigger.text)}  {note}")
    yield row("images", _images(card))
    noted = {
        "blocks": card.block_mask,
        "activation": card.activation_text,
        "negative": card.negative_text,
    }
    yield from (row(label, in_one_line(text)) for label, text in noted.items() if text)
    yield from _tags(card, palette)
    for problem in card.problems:
        yield palette(row("problem", in_one_line(problem)), "red")


def _tags(card: LoraCard, palette: TerminalPalette) -> Iterator[str]:
    kind = card.tags.kind
    if kind is not TagTableKind.RICH:
        yield row("captions", f"no usable table of tags ({kind.value})")
        return
    shares = sorted(card.tags.shares.items(), key=lambda item: (-item[1], item[0]))
    for number, (tag, share) in enumerate(shares[:_MOST_TAGS]):
        bar = "█" * round(min(share, 1.0) * _BAR)
        label = "" if number else "captions"
        yield row(label, f"{share:>4.0%} {palette(bar.ljust(_BAR), 'cyan')} {in_one_line(tag)}")
    if len(shares) > _MOST_TAGS:
        yield row("", palette(f"and {len(shares) - _MOST_TAGS} more", "dim"))


def _weights(weights: WeightFacts, card: LoraCard, palette: TerminalPalette) -> Iterator[str]:
    over = f", {weights.passed_over} matrices passed over" if weights.passed_over else ""
    yield row("measured", f"{weights.layers} layers{over}")
    yield row("eff. rank", f"{weights.effective_rank:.1f} of {weights.rank}")
    for number, (block, share) in enumerate(islice(weights.energy.items(), _MOST_BLOCKS)):
        bar = "█" * round(share * _BAR)
        text = f"{share:>4.0%} {palette(bar.ljust(_BAR), 'cyan')} {in_one_line(block)}"
        yield row("" if number else "energy", text)
    leaning = type_from_weights(weights, card.family)
    sure = f"{leaning.type.value.replace('_', ' ')} {leaning.confidence:.0%}"
    yield row("leans to", f"{sure if leaning.confidence else 'no type'}: {leaning.reasons[0]}")


def _type(card: LoraCard) -> str:
    inference = card.inference
    name = inference.type.value.replace("_", " ")
    return f"{name} {inference.confidence:.0%}" if inference.confidence else name


def _range(card: LoraCard) -> str:
    force = range_in_force(card, card.family)
    no_type = card.inference.type is LoraType.UNKNOWN
    if force is None or (no_type and force.source is RangeSource.TYPE):
        return "not known"
    if force.floor is None:
        bounds = "no bound" if force.ceiling is None else f"up to {force.ceiling:g}"
    elif force.ceiling is None:
        bounds = f"from {force.floor:g}" if force.floor else "no negative weight"
    else:
        bounds = f"{force.floor:g} to {force.ceiling:g}"
    return f"{bounds} ({force.source.value})".replace("-", "−")


def _algorithm(card: LoraCard) -> str:
    return card.algorithm if card.rank is None else f"{card.algorithm} of rank {card.rank}"


def _parts(card: LoraCard) -> str:
    if card.parts is None:
        return "unknown"
    names = [
        name
        for name, there in (("text encoder", card.parts.text_encoder), ("unet", card.parts.unet))
        if there
    ]
    return ", ".join(names) or "none that is known"


def _images(card: LoraCard) -> str:
    width = card.data_width.value
    return width if card.image_count is None else f"{card.image_count} ({width})"
