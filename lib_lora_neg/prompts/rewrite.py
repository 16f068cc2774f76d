"""Changes to one prompt, gathered and turned into edits of its text."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain

from .arguments import TagDraft
from .edits import Edit, apply_edits
from .insertion import place_tag, place_term
from .match import Match
from .normal import normalise
from .removal import remove, remove_words
from .tags import NetworkTag, format_tag
from .terms import Term
from .tree import Prompt, parse

_MOST_TRIES = 96
_MOST_READ = 300_000
"""Tries at taking some of many targets out, and characters that are read again for it.

A prompt of three thousand characters still gets all tries, which are enough for ten bad targets
among a hundred."""

EditTarget = Term | NetworkTag | Match
Placing = Callable[[Prompt, str], tuple[str, str]]


class Rewrite:
    """Changes to ``tree``; nothing happens to the text before `edits` is applied.

    A removal that would change how the host reads what stays (its words, their weights,
    their schedules) is not done and listed in `refused`.
    """

    def __init__(self, tree: Prompt) -> None:
        self.tree = tree
        self.refused: tuple[EditTarget, ...] = ()
        self._targets: list[EditTarget] = []
        self._drafts: dict[int, TagDraft] = {}
        self._tags: list[str] = []
        self._terms: list[str] = []

    def remove(self, target: Match | Term) -> None:
        """Take a term or a match out, with its separator.

        Raises:
            ValueError: the term is not editable.
        """
        term = target.term if isinstance(target, Match) else target
        if not term.editable:
            raise ValueError(f"the term {term.key!r} is not editable")
        self._targets.append(target)

    def remove_tag(self, tag: NetworkTag) -> None:
        """Take a tag out, with its separator if it has one for itself."""
        self._targets.append(tag)

    def set_weights(
        self, tag: NetworkTag, te: float | None = None, unet: float | None = None
    ) -> None:
        """Set the strengths the host reads from ``tag``; ``None`` keeps one as it is.

        Raises:
            ValueError: the weight is scheduled or no number.
        """
        self._draft(tag).set_weights(te, unet)

    def set_branches(
        self, tag: NetworkTag, weights: tuple[float, float], neg: float, negte: float
    ) -> None:
        """Set the strengths of ``tag`` on the negative branch beside these of te and unet."""
        self._draft(tag).set_branches(weights, neg, negte)

    def set_argument(self, tag: NetworkTag, name: str, value: str) -> None:
        """Set the named argument ``name=value`` of ``tag``.

        Raises:
            ValueError: it cannot be written into a tag.
        """
        self._draft(tag).set_argument(name, value)

    def append_tag(
        self,
        kind: str,
        name: str,
        te: float,
        unet: float,
        guard: str = "",
        *,
        neg: float | None = None,
        negte: float | None = None,
        blocks: str = "",
    ) -> None:
        """Add a tag at the end."""
        tag = format_tag(kind, name, te, unet, neg, negte, guard=guard, blocks=blocks)
        self._tags.append(tag)

    def append_term(self, text: str) -> None:
        """Add a term, written as prompt language, at the end; where the end is not a safe
        place (an open bracket, a comment, another sub-prompt), at the beginning."""
        self._terms.append(text)

    def edits(self) -> tuple[Edit, ...]:
        """The changes as edits of the original text, in order, none overlapping."""
        removals = self._removals()
        lost = {target.start for target in self._targets if isinstance(target, NetworkTag)}
        lost -= {target.start for target in self.refused if isinstance(target, NetworkTag)}
        drafts = [draft.edits() for start, draft in self._drafts.items() if start not in lost]
        changes = [*removals, *chain.from_iterable(drafts)]
        if self._tags or self._terms:
            before, after = self._insertions(apply_edits(self.tree.text, changes))
            end = len(self.tree.text)
            changes += [Edit(0, 0, before)] if before else []
            changes += [Edit(end, end, after)] if after else []
        return tuple(sorted(changes))

    def _draft(self, tag: NetworkTag) -> TagDraft:
        return self._drafts.setdefault(tag.start, TagDraft(tag))

    def _removals(self) -> list[Edit]:
        self.refused = ()
        if not self._targets:
            return []
        edits = _removal_edits(self.tree, self._targets)
        if _keeps_the_rest(self.tree, self._targets, edits):
            return edits
        kept, self.refused = self._divided(self._targets)
        return _removal_edits(self.tree, kept)

    def _divided(
        self, targets: list[EditTarget]
    ) -> tuple[list[EditTarget], tuple[EditTarget, ...]]:
        """Divide ``targets`` into those that can go together and those that cannot.

        Halves are tried, so that one bad target among many costs few readings of the prompt; a
        prompt of bad ones gets `_MOST_TRIES`, a long one fewer. Where these do not suffice all of
        them stay: a part would not be the last word, as the next reading would get further.
        """
        kept: list[EditTarget] = []
        refused: list[EditTarget] = []
        waiting = [targets[len(targets) // 2 :], targets[: len(targets) // 2]]
        for _ in range(min(_MOST_TRIES, _MOST_READ // max(1, len(self.tree.text)))):
            if not waiting:
                break
            some = waiting.pop()
            edits = _removal_edits(self.tree, [*kept, *some])
            if _keeps_the_rest(self.tree, [*kept, *some], edits):
                kept += some
            elif len(some) == 1:
                refused += some
            else:
                waiting += [some[len(some) // 2 :], some[: len(some) // 2]]
        return ([], tuple(targets)) if waiting else (kept, tuple(refused))

    def _insertions(self, text: str) -> tuple[str, str]:
        """What to write before and after ``text`` for the added terms and tags."""
        front = back = ""
        placings: list[tuple[Placing, str]] = [(place_term, term) for term in self._terms]
        placings += [(place_tag, tag) for tag in self._tags]
        for place, addition in placings:
            before, after = place(_parse_like(self.tree, front + text + back), addition)
            front, back = before + front, back + after
        return front, back


def _split_targets(
    text: str, targets: list[EditTarget]
) -> tuple[dict[int, Term], dict[int, list[Match]], list[NetworkTag]]:
    """Whole terms and, for terms that stay, the words to remove, by the terms' indexes."""
    whole: dict[int, Term] = {}
    words: dict[int, list[Match]] = {}
    tags = []
    for target in targets:
        if isinstance(target, NetworkTag):
            tags.append(target)
        elif isinstance(target, Term):
            whole[target.number] = target
        elif target.whole:
            whole.update((term.number, term) for term in target.terms)
        else:
            words.setdefault(target.term.number, []).append(target)
    for index, found in words.items():
        rest = _without(text, found[0].term, found)
        if not any(map(str.isalnum, rest)):  # what is left of a word in quotes, or of a sentence
            whole[index] = found[0].term
    return whole, {index: found for index, found in words.items() if index not in whole}, tags


def _removal_edits(tree: Prompt, targets: list[EditTarget]) -> list[Edit]:
    whole, words, tags = _split_targets(tree.text, targets)
    edits = remove(tree, whole.values(), tags)
    for matches in words.values():
        spans = [(match.start, match.end) for match in matches]
        edits += remove_words(tree.text, matches[0].term, spans)
    return edits


def _parse_like(tree: Prompt, text: str) -> Prompt:
    return parse(
        text,
        negative=tree.negative,
        emphasis=tree.emphasis,
        tools=tree.tools,
        full_stops=tree.full_stops,
    )


WeightedWords = list[tuple[str, float, bool]]


def _keeps_the_rest(tree: Prompt, targets: list[EditTarget], edits: list[Edit]) -> bool:
    """Whether the words that stay keep their order, their attention and their schedules."""
    whole, words, _ = _split_targets(tree.text, targets)
    expected: WeightedWords = []
    for term in tree.terms:
        if term.number in words:
            key = normalise(_without(tree.text, term, words[term.number]))
            expected += _words(term._replace(key=key))
        elif term.number not in whole:
            expected += _words(term)
    text = apply_edits(tree.text, edits)
    after = _parse_like(tree, text)
    found = [word for term in after.terms for word in _words(term)]
    same_parts = [p.weight for p in after.layout.parts] == [p.weight for p in tree.layout.parts]
    # Where there is no schedule the grammar of schedules has nothing to read.
    same_grammar = after.layout.failed == tree.layout.failed or "[" not in tree.text
    return found == expected and same_parts and same_grammar


def _words(term: Term) -> WeightedWords:
    weight = round(term.weight, 6)
    return [(word, weight, term.scheduled) for word in term.key.split(" ")]


def _without(text: str, term: Term, matches: list[Match]) -> str:
    spans = [(match.start, match.end) for match in matches]
    edits = remove_words(text, term, spans)
    shifted = [Edit(e.start - term.start, e.end - term.start, e.replacement) for e in edits]
    return apply_edits(text[term.start : term.end], shifted)
