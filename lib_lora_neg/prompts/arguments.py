"""Changing the arguments of one tag, everything else in it byte for byte as it was."""

from __future__ import annotations

from .edits import Edit
from .tags import NetworkTag, Weight, format_number, read_arguments, read_weight

_FORBIDDEN = frozenset(":>=")


class TagDraft:
    """The changes to one tag, gathered; `edits` gives them as edits of its arguments."""

    def __init__(self, tag: NetworkTag) -> None:
        self.tag = tag
        self._changed: dict[int, str] = {}
        self._added: dict[int, list[str]] = {}

    def set_weights(self, te: float | None, unet: float | None) -> None:
        """Let the host read ``te`` and ``unet``; ``None`` keeps what it reads now.

        Raises:
            ValueError: a weight that would have to change, or to be repeated, is scheduled
                or no number.
        """
        tag = self.tag
        new_te = _number(tag.te) if te is None and _inherits(tag, unet) else te
        te_changes = te is not None and _differs(tag.te, te)
        unet_now = tag.unet
        inherits = unet_now.raw is None and not unet_now.invalid
        if inherits and (te_changes or unet is not None):
            target = _number(unet_now) if unet is None else unet
            base = _number(tag.te) if new_te is None else new_te
            if te_changes:
                self._write_te(base)
            if not _same(target, base):
                self._add_unet(base, target, unet_now if unet is None else None)
            return
        if te_changes and te is not None:
            self._write_te(te)
        if unet is not None and _differs(unet_now, unet):
            self._write_unet(unet)

    def set_branches(self, weights: tuple[float, float], neg: float, negte: float) -> None:
        """Set the strengths of the negative branch.

        Args:
            weights: te and unet that the tag will have, which those not written follow.
            neg: of the unet part.
            negte: of the text-encoder part.
        """
        tag, (te, unet) = self.tag, weights
        written = tag.neg is not None
        now = tag.neg.value if tag.neg is not None else unet
        if now is None or not _same(now, neg):
            self._write_branch("neg", neg)
            written = True
        inherited = neg if written else te
        now = tag.negte.value if tag.negte is not None else inherited
        if now is None or not _same(now, negte):
            self._write_branch("negte", negte)

    def set_argument(self, name: str, value: str) -> None:
        """Set the named argument ``name``, in place or at the end.

        Raises:
            ValueError: the name or the value holds a character that would end it.
        """
        if not name or _FORBIDDEN.intersection(name) or _FORBIDDEN.intersection(value):
            raise ValueError(f"{name}={value} cannot be written into a tag")
        item = f"{name}={value}"
        index = read_arguments(self.tag.items).named.get(name)
        if index is None:
            self._add(len(self.tag.items) - 1, item)
        elif self.tag.items[index] != item:
            self._changed[index] = item

    def edits(self) -> list[Edit]:
        """The changes as edits of the prompt."""
        edits = []
        position = self.tag.start + len(self.tag.type) + 2
        for index, item in enumerate(self.tag.items):
            end = position + len(item)
            added = "".join(f":{extra}" for extra in self._added.get(index, ()))
            if index in self._changed:
                edits.append(Edit(position, end, self._changed[index] + added))
            elif added:
                edits.append(Edit(end, end, added))
            position = end + 1
        return edits

    def _add(self, after: int, item: str) -> None:
        self._added.setdefault(after, []).append(item)

    def _write_branch(self, name: str, value: float) -> None:
        item = f"{name}={format_number(value)}"
        for key, index in read_arguments(self.tag.items).named.items():
            if key.strip().lower() == name:
                self._changed[index] = item
                return
        self._add(len(self.tag.items) - 1, item)

    def _write_te(self, value: float) -> None:
        arguments = read_arguments(self.tag.items)
        number = format_number(value)
        if "te" in arguments.named:
            self._changed[arguments.named["te"]] = f"te={number}"
        elif len(arguments.positional) == 1:
            self._add(arguments.positional[0], number)
        elif self._is_number(arguments.positional[1]):
            self._changed[arguments.positional[1]] = number
        else:
            self._add(len(self.tag.items) - 1, f"te={number}")

    def _write_unet(self, value: float) -> None:
        arguments = read_arguments(self.tag.items)
        number = format_number(value)
        if "unet" in arguments.named:
            self._changed[arguments.named["unet"]] = f"unet={number}"
        else:
            self._changed[arguments.positional[2]] = number

    def _add_unet(self, te: float, unet: float, kept: Weight | None) -> None:
        """Give a tag that has one strength for both parts a second one."""
        arguments = read_arguments(self.tag.items)
        number = format_number(unet) if kept is None else self.tag.te.raw or format_number(unet)
        positional = arguments.positional
        named_te = "te" in arguments.named
        if len(positional) == 1 and not named_te:
            if not self._added.get(positional[0]):
                self._add(positional[0], format_number(te))
            self._add(positional[0], number)
        elif (
            len(positional) == 2 and "te" not in arguments.named and self._is_number(positional[1])
        ):
            self._add(positional[1], number)
        else:
            self._add(len(self.tag.items) - 1, f"unet={number}")

    def _is_number(self, index: int) -> bool:
        return not read_weight(self.tag.items[index]).invalid


def _inherits(tag: NetworkTag, unet: float | None) -> bool:
    return unet is not None and tag.unet.raw is None


def _number(weight: Weight) -> float:
    if weight.value is None:
        raise ValueError(f"the weight {weight.raw!r} is scheduled or no number")
    return weight.value


def _same(first: float, second: float) -> bool:
    return first == second or format_number(first) == format_number(second)


def _differs(weight: Weight, value: float) -> bool:
    return not _same(_number(weight), value)
