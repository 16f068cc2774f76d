"""Plain-word negation: ``without a mustache`` makes a model draw a mustache.

Only what is certain is found: the noun must be short and stand at the end of its term or
before a word that cannot belong to it. Tags whose meaning is the absence (``no humans``),
names (``No. 7``, ``kimetsu no yaiba``) and idioms (``without a doubt``) are none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from .match import Match
from .spans import overlapping
from .terms import Term
from .tree import Prompt

_CUES = ("no ", "no_", "not ", "not_", "without", "lacking")

# "no" only opens a term or follows "with": in the middle it is Japanese, or too unsure.
_NEGATION = re.compile(
    r"""(?P<cue>
        (?:\b(?:without|lacking)|\bwith[ ]no|\bnot[ ]wearing|\A(?:no|not)\b)
        (?:[ ](?:wearing|having))?
        (?:[ ](?:an?|the|any|her|his|their|its))?
    )[ ](?P<things>[^\W\d_][^.!?:/|()\[\]]{0,400})""",
    re.IGNORECASE | re.VERBOSE,
)
_LONGEST_THINGS = 400
# "without a hat and without glasses": the next negation of the same sentence.
_GOES_ON = re.compile(
    r"""[ ]+(?:and|or|nor|but|as[ ]well[ ]as)[ ]+(?P<cue>
        (?:without|lacking|with[ ]no|not[ ]wearing|no)
        (?:[ ](?:wearing|having))?
        (?:[ ](?:an?|the|any|her|his|their|its))?
    )[ ](?P<things>[^\W\d_][^.!?:/|()\[\]]{0,400})""",
    re.IGNORECASE | re.VERBOSE,
)
_LONGEST_LEAD = 12
_LEADS = frozenset({"and", "or", "nor", "but", "also", "and also", "but also"})
_ALTERNATIVES = re.compile(r" (?:or|nor) (?:(?:any|an?|the|no|without) )*")
_WORD = re.compile(r"[^\W\d_]+(?:[-'’][^\W\d_]+)*")
_MOST_WORDS = 3
# The last of several: "without any hats, gloves, or scarves", "…, gloves or scarves".
_LAST_OF_LIST = re.compile(r"(?:(?P<opens>or|nor)[ ]|.*?[ ](?:or|nor)[ ])", re.IGNORECASE)
_LONGEST_LIST = 6
_LONGEST_ITEM = 120


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# What follows the noun: "a bowl without fruit on a table".
_FOLLOWS = _words(
    "in on at with while but standing sitting looking wearing holding walking from under over "
    "behind near by inside outside during against looks stands sits"
)
# With these inside, the end of what is negated is anybody's guess.
_UNSURE = _words(
    "and of to is are was be being been that which who than as not no only just if for the a an "
    "it them him this these those one other others"
)
_IDIOMS = _words(
    "doubt question fail end ends limit limits boundary boundaries border borders bounds equal "
    "peer hesitation warning trace care words exception precedent compare comparison regard "
    "delay effort cause reason fear mercy regret regrets remorse shame notice permission help "
    "context purpose meaning hope name names soul form shape matter longer more less idea way "
    "time man man's country one place rest sleep pain gain entry exit return problem love face "
    "game mans good sense such filter filters"
)
# Tags of Danbooru and its kin that mean a picture, not a wish.
_TAGS = _words(
    "humans bra panties underwear pants shoes headwear eyewear socks legwear gloves shirt "
    "skirt jacket pupils eyes nose mouth lineart outlines choker coat tail wings horns ears "
    "sleeves scarf symbol testicles nipples tights headgear blindfold earrings cape mask "
    "armor helmet pantyhose thighhighs swimsuit bikini top topwear bottomwear clothes"
)


class Negation(NamedTuple):
    """A negation and what it denies; negations that ``and`` joins are one.

    Attributes:
        start: offset of the first word to remove.
        end: offset after the last word to remove.
        nouns: what belongs into the negative prompt instead.
        match: the place as `Rewrite.remove` takes it.
    """

    start: int
    end: int
    nouns: tuple[str, ...]
    match: Match


def find_negations(tree: Prompt) -> tuple[Negation, ...]:
    """The plain-word negations of a positive prompt, in order; none in a negative one."""
    lowered = tree.text.lower()
    if tree.negative or not any(cue in lowered for cue in _CUES):
        return ()
    found: list[Negation] = []
    for term in tree.terms:
        if term.editable and any(cue.strip("_ ") in term.key for cue in _CUES):
            found += _read(tree, term)
    return tuple(found)


def _read(tree: Prompt, term: Term) -> Iterator[Negation]:
    if overlapping(tree.source.hidden, term.start, term.end):
        return
    text = tree.text[term.start : term.end].replace("_", " ")
    position = 0
    while match := _NEGATION.search(text, position):
        end, nouns = _read_chain(text, match)
        position = end or match.start("things")
        if not end:
            continue
        first = match.start()
        if first <= _LONGEST_LEAD and text[:first].strip().lower() in _LEADS:
            first = 0
        start = term.start + first
        whole = first == 0 and end == len(text)
        place = Match(start, term.start + end, term, whole, (term,))
        yield Negation(start, term.start + end, nouns, place)
        if end == len(text):
            yield from _read_list(tree, term, any_of=match["cue"].lower().endswith(" any"))


def _read_list(tree: Prompt, term: Term, any_of: bool) -> tuple[Negation, ...]:
    """What else a negation denies that ends with ``term``: the list that ``or`` closes.

    Empty where that is not certain: without an ``or``, or where it may join two adjectives
    (``without a hat, red or blue dress``).
    """
    items: list[Negation] = []
    after = tree.terms[term.number + 1 : term.number + 1 + _LONGEST_LIST]
    for before, item in pairwise((term, *after)):
        if not _continues(tree, before, item):
            break
        text = tree.text[item.start : item.end].replace("_", " ")
        last = _LAST_OF_LIST.match(text)
        things = text[last.end() :] if last and last["opens"] else text
        length = _noun_length(things)
        nouns = tuple(_ALTERNATIVES.split(things[:length].lower()))
        end = len(text) - len(things) + length
        if not length or not all(_is_thing(noun, "without") for noun in nouns):
            break
        if not last and end != len(text):
            break
        place = Match(item.start, item.start + end, item, end == len(text), (item,))
        items.append(Negation(item.start, item.start + end, nouns, place))
        if last:
            certain = last["opens"] or len(items) > 1 or any_of
            return tuple(items) if certain else ()
    return ()


def _continues(tree: Prompt, before: Term, item: Term) -> bool:
    """Whether a term is the next item of a list: a comma apart, of the same weight."""
    gap = tree.text[before.end : item.start]
    return (
        item.editable
        and gap.strip() == ","
        and item.weight == before.weight
        and item.end - item.start <= _LONGEST_ITEM
        and not overlapping(tree.source.hidden, item.start, item.end)
    )


def _read_chain(text: str, match: re.Match[str]) -> tuple[int, tuple[str, ...]]:
    """The end of a negation with those that go on from it, and all they deny; 0 if unsure."""
    end, nouns = _read_one(match)
    while end and (following := _GOES_ON.match(text, end)):
        next_end, more = _read_one(following)
        if not next_end:
            return 0, ()
        end, nouns = next_end, nouns + more
    return end, nouns


def _read_one(match: re.Match[str]) -> tuple[int, tuple[str, ...]]:
    length = _noun_length(match["things"])
    if not length or len(match["things"]) > _LONGEST_THINGS:
        return 0, ()
    nouns = tuple(_ALTERNATIVES.split(match["things"][:length].lower()))
    if not all(_is_thing(noun, match["cue"].lower()) for noun in nouns):
        return 0, ()
    return match.start("things") + length, nouns


def _noun_length(things: str) -> int:
    """How much of ``things`` is denied; 0 where that is not certain."""
    count = end = 0
    for match in _WORD.finditer(things):
        if things[end : match.start()].strip():
            break
        word = match[0].lower()
        if end and count and _GOES_ON.match(things, end):
            return end
        if word in ("or", "nor"):
            count = 0
        elif word in _FOLLOWS:
            return end
        elif word in _UNSURE and not (count == 0 and end and word in ("a", "an", "the", "no")):
            return 0
        else:
            count += 1
            if count > _MOST_WORDS:
                return 0
        end = match.end()
    return end if not things[end:].strip(" -–—\"'") else 0


def _is_thing(noun: str, cue: str) -> bool:
    words = noun.split()
    if not words or words[0] in _IDIOMS or words[-1] in _IDIOMS:
        return False
    if words[0].endswith("ing") and (len(words) == 1 or cue.startswith(("without", "not"))):
        return False
    if cue.startswith("not") and "wearing" not in cue:
        return False
    is_tag = cue == "no" and len(words) == 1 and words[0] in _TAGS
    return not is_tag and words[-1] not in ("or", "nor", *_UNSURE)
