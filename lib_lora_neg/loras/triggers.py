"""The words that call a LoRA, each with where it was read and how sure that is.

A trigger is a class token, a kept token, a caption prefix, a word the author names, a lone
trained word, or a distinctive tag. An ordinary tag inside a long activation text is none, and a
generic word never is (R2).
"""

from __future__ import annotations

# ruff: noqa: RUF001  (pages are written with every colon and quotation mark there is)
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from ..sentences import say
from .card import WORD_BY_USER, TagTable, TagTableKind, Trigger
from .reading.side_facts import SideFacts
from .reading.training import Subset, TrainingFacts
from .vocabulary import (
    CLASS_NOUNS,
    is_common_tag,
    is_descriptive_tag,
    is_generic_word,
    normalise_tag,
)

DISTINCTIVE_SHARE = 0.8
"""Share of the captions from which an uncommon tag is a trigger (R2)."""

MAX_LENGTH = 60
MAX_WORDS = 6
"""Longer texts are sentences, not words that call a LoRA."""

MAX_DISTINCTIVE = 4
"""More ubiquitous tags than these describe the data set rather than call it."""

_EXTRA_NETWORK = re.compile(r"<[^<>]*>")
_CLASS_NOUN = re.compile(
    r"^(?P<word>.{1,200}?)[\s,_]{1,8}(?:(?:an?|the)\s{1,8})?(?:"
    + "|".join(sorted(CLASS_NOUNS))
    + ")$",
    re.IGNORECASE,
)
_HINT = re.compile(
    r"(?:trigger|activation|activat\w{1,9}|instance|key)[\s-]{0,8}"
    r"(?:words?|tags?|phrases?|tokens?|prompt)?"
    r"\s{0,8}(?:is|are|:|：|=|->)\s{0,8}[\"'`“‘*]{0,8}(?P<words>[^\n\"`”;.]{2,120})",
    re.IGNORECASE,
)
_USE_WORD = re.compile(
    r"\buse\s{1,8}(?:the\s{1,8}(?:word|tag|trigger|token)\s{1,8})?[\"'`“‘]"
    r"(?P<words>[^\n\"'`”’]{2,60})[\"'`”’]",
    re.IGNORECASE,
)


def find_triggers(
    training: TrainingFacts,
    sides: Sequence[SideFacts],
    table: TagTable,
    frequent: Mapping[str, float],
    embeddings: Iterable[str] = (),
    names: Iterable[str] = (),
) -> tuple[Trigger, ...]:
    """Return the triggers, the surest first, each text once.

    Args:
        training: the trainer's metadata.
        sides: the side files, strongest first; a decision of the user replaces all else.
        table: the caption tags.
        frequent: those of them that are on many captions, with their shares.
        embeddings: names of embeddings inside the file.
        names: the LoRA's own names: a word of an activation text that is one of them calls it.
    """
    for side in sides:
        if side.decision is not None and side.decision.triggers is not None:
            texts = side.decision.triggers
            return tuple(Trigger(text, WORD_BY_USER, 1.0) for text in texts)
    own_names = "|".join(normalise_tag(name).replace(" ", "") for name in names)
    found = [
        *_from_metadata(training, table),
        *_from_captions(training),
        *_from_side_files(sides, own_names),
        *_from_table(table, frequent),
        *(Trigger(name, "embedding inside the file", 0.8) for name in embeddings),
    ]
    return _distinct(found)


def _distinct(found: Iterable[Trigger]) -> tuple[Trigger, ...]:
    best: dict[str, Trigger] = {}
    for trigger in found:
        text = _clean(trigger.text)
        if not _can_trigger(text):
            continue
        key = normalise_tag(text)
        if key not in best or best[key].confidence < trigger.confidence:
            best[key] = Trigger(text, trigger.source, trigger.confidence)
    return tuple(sorted(best.values(), key=lambda trigger: -trigger.confidence))


def _clean(text: str) -> str:
    if not text.isprintable():
        # What steers a terminal or nobody sees stands in no prompt.
        text = "".join(char for char in text if char.isprintable() or char.isspace())
    text = _EXTRA_NETWORK.sub("", text) if ":" in text else text
    text = text.strip(" \t\r\n,，、。;")
    if not (text.startswith("(") and text.endswith(")")):
        return text
    inner = text.lstrip("(").rstrip(")")
    if "(" in inner or ")" in inner:
        return text
    head, _, weight = inner.rpartition(":")
    is_weight = head and not weight.strip().strip("0123456789.")
    return (head if is_weight else inner).strip()


def _can_trigger(text: str) -> bool:
    if not text or len(text) > MAX_LENGTH or len(text.split()) > MAX_WORDS:
        return False
    if any(mark in text for mark in "{}|\n") or not any(c.isalnum() for c in text):
        return False
    return not is_generic_word(text)


def looks_invented(word: str) -> bool:
    r"""Return whether a word looks made up to call a LoRA, or is a name with its origin.

    ``in1``, ``ch9rname``, ``xyz_style``, ``KafuuChino``, ``ohwx``, ``senna \(game\)``.
    """
    text = word.strip()
    if is_generic_word(text) or is_descriptive_tag(text) or len(text) < 3:
        return False
    if re.search(r"\\?\([^()]+\\?\)$", text) and not text.startswith("("):
        return True
    if " " in text:
        return False
    letters = re.sub(r"[^a-z]", "", text.lower())
    mixed = re.search(r"\d", text) is not None and bool(letters)
    joined = "_" in text.strip("_")
    camel = re.search(r"[a-z][A-Z]", text) is not None
    unspoken = len(letters) >= 3 and not re.search(r"[aeiouy]", letters)
    cluster = re.search(r"[bcdfghjklmnpqrstvwxz]{5}|[hjqvwxz][jqvwxz]", letters) is not None
    return mixed or joined or camel or unspoken or cluster


def _from_metadata(training: TrainingFacts, table: TagTable) -> Iterator[Trigger]:
    for word in _split(training.trigger_phrase):
        yield Trigger(word, "modelspec.trigger_phrase", 0.97)
    for phrase in training.trigger_words:
        for word in _split(phrase):
            yield Trigger(word, "ot_trigger_words", 0.97)
    yield from _named(training.usage_hint, "modelspec.usage_hint", 0.95)
    yield from _named(training.description, "modelspec.description", 0.7)
    if table.kind is TagTableKind.FAKE:
        source = "ai-toolkit trigger" if training.trainer == "ai-toolkit" else "the only caption"
        for subset in training.own_subsets:
            for tag in subset.tags:
                yield Trigger(tag, source, 0.95)


def _named(text: str, source: str, confidence: float) -> Iterator[Trigger]:
    for pattern in (_HINT, _USE_WORD):
        match = pattern.search(text)
        if match:
            words = _split(match["words"])
            for index, word in enumerate(words[:4]):
                if index == 0 or looks_invented(word):
                    yield Trigger(word, source, confidence)
            return


def _from_captions(training: TrainingFacts) -> Iterator[Trigger]:
    for subset in training.own_subsets:
        for word in _split(subset.caption_prefix):
            yield Trigger(word, "caption prefix", 0.95)
        yield from _kept(subset)
        yield from _class_tokens(subset)


def _kept(subset: Subset) -> Iterator[Trigger]:
    """Yield the head of the captions. The first caption's pieces lead a trainer's table."""
    if subset.keep_separator:
        for tag in subset.tags:
            if subset.keep_separator in tag:
                yield Trigger(tag.split(subset.keep_separator)[0], "kept token", 0.9)
    if not subset.keep_tokens:
        return
    captions = max(subset.images or 0, max(subset.tags.values(), default=0))
    for tag in list(subset.tags)[: min(subset.keep_tokens, 3)]:
        ordinary = is_common_tag(tag) or is_descriptive_tag(tag)
        if not ordinary and subset.tags[tag] * 2 >= captions:
            yield Trigger(tag, "kept token", 0.9)


def _class_tokens(subset: Subset) -> Iterator[Trigger]:
    # One search in all tags at once; trainers write them in lower case with single spaces.
    captioned = "\n".join(subset.tags).lower().replace("_", " ").replace("\\", "")
    for words, source, confidence in (
        (subset.class_tokens, "class token", 0.9),
        (subset.label if subset.folder != subset.label else "", "training folder", 0.8),
    ):
        word = _without_noun(words)
        if not word:
            continue
        plain = normalise_tag(word)
        if subset.tags and plain not in captioned:
            # Every picture had a caption of its own, so this word was never trained. Only a
            # trainer's explicit class token is worth a doubt.
            confidence = 0.6 if source == "class token" else 0.0
        if confidence:
            yield Trigger(word, source, confidence)


def _without_noun(words: str) -> str:
    """``ohwx woman`` → ``ohwx``: a class noun behind the word is what it is a case of."""
    plain = words.replace("_", " ").strip() if " " not in words else words.strip()
    match = _CLASS_NOUN.match(plain)
    if match and not is_generic_word(match["word"]):
        return match["word"].strip(" ,")
    return words.strip()


def _from_side_files(sides: Sequence[SideFacts], own_names: str) -> Iterator[Trigger]:
    for side in sides:
        entries = [text for word in side.trained_words for text in word.split("||")]
        yield from _from_words(entries, say("{file}: trained word", file=side.source), own_names)
        texts = side.activation_text.split("||")
        yield from _from_words(texts, say("{file}: activation text", file=side.source), own_names)
    for side in sides:
        yield from _named(side.notes, say("{file}: notes", file=side.source), 0.7)


def _from_words(entries: Iterable[str], source: str, own_names: str) -> Iterator[Trigger]:
    pieces = [split for entry in entries if (split := _split(entry))]
    lone = [split[0] for split in pieces if len(split) == 1]
    for index, split in enumerate(pieces):
        head = split[0]
        named = _is_own_name(head, own_names)
        if len(split) == 1 and (len(lone) == 1 and index == 0):
            yield Trigger(head, source, 0.95 if named or looks_invented(head) else 0.9)
        elif looks_invented(head) or (named and not is_descriptive_tag(head)):
            yield Trigger(head, source, 0.85 if len(split) == 1 else 0.75)
        elif len(split) == 1 and index == 0 and not is_descriptive_tag(head):
            yield Trigger(head, source, 0.8)


def _is_own_name(word: str, own_names: str) -> bool:
    plain = re.sub(r"[^\w]|_", "", normalise_tag(word.split("(")[0]))
    return len(plain) >= 3 and plain in re.sub(r"[^\w|]|_", "", own_names)


def _from_table(table: TagTable, frequent: Mapping[str, float]) -> Iterator[Trigger]:
    if table.kind in (TagTableKind.NONE, TagTableKind.FAKE):
        return
    tags = [
        (share, tag)
        for tag, share in frequent.items()
        if share >= DISTINCTIVE_SHARE and not (is_common_tag(tag) or is_descriptive_tag(tag))
    ]
    if table.kind is TagTableKind.PROSE:
        tags = [(share, tag) for share, tag in tags if len(tag.split()) <= 3]
    for share, tag in sorted(tags, reverse=True)[:MAX_DISTINCTIVE]:
        confidence = 0.85 if looks_invented(tag) else 0.75
        yield Trigger(tag, f"on {share:.0%} of the captions", confidence)


def _split(text: str) -> list[str]:
    """Split at commas outside brackets; brackets escaped for the prompt count as brackets."""
    pieces, depth, start = [], 0, 0
    for index, char in enumerate(text):
        if char in "([<":
            depth += 1
        elif char in ")]>":
            depth = max(0, depth - 1)
        elif char in ",，、" and depth == 0:
            pieces.append(text[start:index])
            start = index + 1
    pieces.append(text[start:])
    return [clean for piece in pieces if (clean := _clean(piece))]
