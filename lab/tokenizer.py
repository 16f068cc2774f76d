"""A CLIP tokenizer in which every word of the world is one token.

CLIP's tokenizer is a byte-pair encoding. Merges are added word by word until each word comes out
whole; merges added for later words rank lower, so they cannot disturb an earlier one. Words that
the world does not know fall into letters, as in any CLIP.
"""

from __future__ import annotations

import itertools
import json
import re
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from lab.captions import PUNCTUATION, words

if TYPE_CHECKING:
    from transformers import CLIPTokenizer

START, END = "<|startoftext|>", "<|endoftext|>"
#: Tokens of one chunk with its start and end, as in every CLIP.
LENGTH = 77
_LAST = "</w>"


def _byte_letters() -> list[str]:
    """Return the 256 printable stand-ins for bytes of GPT-2's encoding, in byte order."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    spare = iter(range(256, 512))
    return [chr(byte) if byte in plain else chr(next(spare)) for byte in range(256)]


def _pieces(word: str, ranks: dict[tuple[str, str], int]) -> list[str]:
    pieces = [*word[:-1], word[-1] + _LAST]
    while len(pieces) > 1:
        pairs = list(itertools.pairwise(pieces))
        best = min(pairs, key=lambda pair: ranks.get(pair, 1 << 30))
        if best not in ranks:
            break
        at = pairs.index(best)
        pieces[at : at + 2] = ["".join(best)]
    return pieces


@lru_cache(maxsize=1)
def merges() -> tuple[tuple[str, str], ...]:
    """Return the merges that make every word of the world whole, in order of rank."""
    ranks: dict[tuple[str, str], int] = {}
    for word in words():
        # CLIP splits digits from letters and from each other; such words stay in pieces.
        if not word.isalpha():
            continue
        while len(pieces := _pieces(word, ranks)) > 1:
            ranks[pieces[0], pieces[1]] = len(ranks)
    return tuple(ranks)


@lru_cache(maxsize=1)
def vocabulary() -> dict[str, int]:
    """Return token to id: bytes, bytes that end a word, merged pieces, start and end."""
    letters = _byte_letters()
    tokens = [*letters, *(letter + _LAST for letter in letters)]
    tokens += ["".join(pair) for pair in merges()]
    tokens = [*dict.fromkeys(tokens), START, END]
    return {token: index for index, token in enumerate(tokens)}


_SPLIT = re.compile(r"[a-z]+|[0-9]|[^\sa-z0-9]+")


def encode(text: str) -> list[int]:
    """Return ids of one chunk, ``LENGTH`` long; what does not fit is cut off.

    The same as the tokenizer's own answer for text in ASCII, without needing the library.
    """
    ids = vocabulary()
    ranks = {pair: rank for rank, pair in enumerate(merges())}
    found = [ids[START]]
    for word in _SPLIT.findall(text.lower()):
        found += _word_ids(word, ids, ranks)
    found = found[: LENGTH - 1]
    return found + [ids[END]] * (LENGTH - len(found))


_KNOWN: dict[str, list[int]] = {}


def _word_ids(word: str, ids: dict[str, int], ranks: dict[tuple[str, str], int]) -> list[int]:
    if word not in _KNOWN:
        _KNOWN[word] = [ids[piece] for piece in _pieces(word, ranks)]
    return _KNOWN[word]


def make_tokenizer() -> CLIPTokenizer:
    """Build the tokenizer as the transformers library knows it."""
    from transformers import CLIPTokenizer

    with tempfile.TemporaryDirectory() as folder:
        write_files(Path(folder))
        return CLIPTokenizer.from_pretrained(folder)


def write_files(folder: Path) -> None:
    """Write vocab.json, merges.txt and the configuration."""
    (folder / "vocab.json").write_text(json.dumps(vocabulary(), ensure_ascii=False), "utf-8")
    lines = ["#version: 0.2", *(" ".join(pair) for pair in merges())]
    (folder / "merges.txt").write_text("\n".join(lines) + "\n", "utf-8")
    config = {
        "tokenizer_class": "CLIPTokenizer",
        "bos_token": START,
        "eos_token": END,
        "unk_token": END,
        "pad_token": END,
        "model_max_length": LENGTH,
        "do_lower_case": True,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(config, indent=2) + "\n", "utf-8")


__all__ = ["END", "LENGTH", "PUNCTUATION", "START", "encode", "make_tokenizer", "vocabulary"]
