"""Texts and bytes that are hard to read, made from readable ones."""

from __future__ import annotations

import random

_PIECES = [
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "<",
    ">",
    ":",
    ",",
    '"',
    "'",
    "\\",
    "\n",
    "\r",
    "\0",
    " ",
    "|",
    "#",
    "\x1b[2J",
    "\u202e",
    "\ufeff",
    "漢",
    "é",
    "nan",
    "NaN",
    "Infinity",
    "-1",
    "1e999",
    "null",
    "[]",
    "{}",
    "<lora:a:1>",
    "Negative prompt: ",
    "Steps: 20, ",
    "\ud800",
    "9" * 400,
    "[" * 300,
]


def mutated_text(rng: random.Random, text: str) -> str:
    """Return a text cut, doubled, swapped and sprinkled with what is hard to read."""
    for _ in range(rng.choice((0, 1, 1, 2, 4, 8))):
        start, end = sorted((rng.randint(0, len(text)), rng.randint(0, len(text))))
        way = rng.randrange(5)
        if way == 0:
            text = text[:start] + rng.choice(_PIECES) + text[start:]
        elif way == 1:
            text = text[:start] + text[end:]
        elif way == 2:
            text = text[:end] + text[start:end] * rng.choice((1, 2, 20)) + text[end:]
        elif way == 3:
            text = text[:start] + text[end:] + text[start:end]
        else:
            text = text[:start] + rng.choice(_PIECES) * rng.choice((1, 3, 200)) + text[end:]
        text = text[:50_000]
    return text


def mutated_bytes(rng: random.Random, raw: bytes) -> bytes:
    """Return bytes with some of them changed, cut, doubled or put in."""
    made = bytearray(raw)
    for _ in range(rng.choice((0, 1, 1, 2, 6))):
        at = rng.randint(0, len(made))
        way = rng.randrange(4)
        if way == 0 and at < len(made):
            made[at] = rng.randrange(256)
        elif way == 1:
            del made[at : at + rng.choice((1, 4, 1000))]
        elif way == 2:
            made[at:at] = rng.randbytes(rng.choice((1, 8, 100)))
        else:
            made[at:at] = made[at : at + 50]
    return bytes(made)
