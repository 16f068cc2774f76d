"""What the library tab, the scan tab and the plot axes say is translated, text for text.

The texts are read from the source: a new one without a translation fails here.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from lib_lora_neg.hosts.form_reading import FormValueError
from lib_lora_neg.hosts.webui import xyz
from lib_lora_neg.scan.curves import CRITIC_WORDS, SIGNS
from lib_lora_neg.sentences import Translator, as_whole, say
from lib_lora_neg.ui.library.words import EVIDENCE_NAMES
from lib_lora_neg.ui.spoken import in_language

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "lib_lora_neg"
FILES = sorted((ROOT / "localizations").glob("*.json"))
SCRIPTS = [
    ROOT / "frontend" / "cards" / "badges.js",
    ROOT / "frontend" / "cards" / "tooltip.js",
    ROOT / "frontend" / "core" / "controls.js",
    ROOT / "frontend" / "core" / "elements.js",
    *sorted((ROOT / "frontend" / "library").glob("*.js")),
    *sorted((ROOT / "frontend" / "scan").glob("*.js")),
]
SERVED = [
    *sorted((PACKAGE / "ui" / "library").glob("*.py")),
    *sorted((PACKAGE / "ui" / "scan").glob("*.py")),
    PACKAGE / "scan" / "wording.py",
    PACKAGE / "scan" / "quick_report.py",
    PACKAGE / "scan" / "weights.py",
    PACKAGE / "library" / "lookups.py",
]

# ---- not for people, or somebody else's -----------------------------------------------------

KEYS_AND_NAMES = {"ArrowDown", "ArrowLeft", "ArrowRight", "ArrowUp", "PageDown", "PageUp", "End"}
KEYS_AND_NAMES |= {"Home", "Enter", "Escape", "LoRA", "JSON", "Content-Type", "TypeError"}
NO_TEXT = re.compile(
    r"(?:lora-neg[\w-]*\s*)+"  # classes
    r"|[.#\[:@/].*"  # selectors, addresses
    r"|.*\[.*\]$|.*(?:px|\.lora-neg-).*"
    r"|application/json|color-scheme"
)
OF_PROGRAMS = re.compile(
    r"must be |cannot be set so|text/html|image/|MIME|Too many|is_|A name of a LoRA or the hash"
    r"|<section|</section>|<p class"
)
"""Refusals of requests that no page of ours sends, and markup."""

PIECES = {
    ", rank sample",
    "sample data",
    "sample … sample",
    " (between sample and sample)",
    "; best at sample",
    "sample, on sample of sample sample",
    "; best between sample and sample",
    (
        "Going from −0.4 to −0.7 costs sample going from 0 to −0.4 (sample against sample of the "
        "healthy band)."
    ),
    "more than",
    "no more than",
    "sample and sample",
    "sample sample",
    "sample × sample",
    "sample: sample",
    "sample - sample [sample]",
    "How far the model's predictions move from weight 0",
    "How far they leave the line that small weights began",
}
"""Parts of sentences that are translated as wholes, names and numbers, titles in a drawing."""

languages = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)


def load(path: Path) -> dict[str, str]:
    loaded = json.loads(path.read_text(encoding="utf-8"))
    assert isinstance(loaded, dict)
    return loaded


# ---- what the scripts say ------------------------------------------------------------------

_TOKEN = re.compile(
    r"//[^\n]*|/\*.*?\*/"  # comments first: they hold quotation marks
    r"|(?P<text>\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*')"
    r"|(?P<template>`(?:[^`\\]|\\.)*`)"
    r"|(?<=[(,=:!&|?{};\n])\s*/(?![/*])(?:[^/\\\n\[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+/[gimsuy]*",
    re.DOTALL,
)


def pieces(source: str) -> Iterator[tuple[str, str]]:
    """Yield the kind and the inside of every text in a script, also those inside templates."""
    for match in _TOKEN.finditer(source):
        if match["text"]:
            yield "text", re.sub(r"\\(.)", r"\1", match["text"][1:-1])
        elif match["template"]:
            inside = match["template"][1:-1]
            yield "template", re.sub(r"\$\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}", "\0", inside)
            for hole in re.findall(r"\$\{([^{}]*(?:\{[^{}]*\}[^{}]*)*)\}", inside):
                yield from pieces(hole)


def is_text(text: str) -> bool:
    """Whether somebody reads it: words with a space between them, or one with a capital."""
    if text in KEYS_AND_NAMES or NO_TEXT.fullmatch(text):
        return False
    return bool(re.search(r"[A-Za-z]{2,}\W* \W*\w", text) or re.match(r"[A-Z][a-z]+", text))


@languages
def test_every_text_of_the_tabs_scripts_is_translated(path: Path) -> None:
    known = load(path)
    found = {
        text
        for script in SCRIPTS
        for kind, text in pieces(script.read_text(encoding="utf-8"))
        if kind == "text" and is_text(text)
    }
    assert len(found) > 200, "the scripts are written otherwise than this test reads them"
    assert sorted(found - set(known)) == []


def test_no_script_builds_a_sentence_that_cannot_be_translated() -> None:
    built = [
        (script.name, text.replace("\0", "${…}"))
        for script in SCRIPTS
        for kind, text in pieces(script.read_text(encoding="utf-8"))
        if kind == "template" and re.search(r"(?<![\w-])[A-Za-z]{2,}(?![\w-])", text)
        if not NO_TEXT.fullmatch(text.replace("\0", "x").strip())
        and "lora" not in text
        and not re.search(r"translate|: ?\0%?;|[?&]|^Civitai: \0$", text)
    ]
    assert built == []


def test_what_the_host_cannot_translate_by_itself_is_said_by_the_scripts() -> None:
    """The host looks at the texts of a page, and at titles only of what is put in directly."""
    bare = [
        (script.name, line.strip())
        for script in SCRIPTS
        for line in script.read_text(encoding="utf-8").splitlines()
        if re.search(r'"aria-label", ["`]|\.(?:title|alt|placeholder) = ["`][^"`$]', line)
    ]
    assert bare == []


# ---- what the server says ------------------------------------------------------------------


def served(path: Path) -> Iterator[str]:
    """Yield the texts of a module with words in them; what fills their fields as “sample”."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    inside = {
        id(part)
        for node in ast.walk(tree)
        if isinstance(node, (ast.JoinedStr, ast.Expr))
        for part in ast.walk(node)
        if part is not node
        and (isinstance(node, ast.JoinedStr) or isinstance(node.value, ast.Constant))
    }
    for node in ast.walk(tree):
        if id(node) in inside:
            continue
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value
        elif isinstance(node, ast.JoinedStr):
            parts = [p.value if isinstance(p, ast.Constant) else "sample" for p in node.values]
            text = "".join(map(str, parts))
        else:
            continue
        if re.search(r"[a-z]{2,}\W* \W*[a-z]{2,}", text) and not OF_PROGRAMS.search(text):
            yield text


def is_english(text: str) -> bool:
    """Whether a text was not translated, or only in part."""
    words = re.search(r"\b(?!unet\b)[a-z]{3,} [a-z]{3,}", text.replace("sample", ""))
    return words is not None or not re.search(r"[\u3040-\u30ff\u4e00-\u9fff]", text)


@languages
def test_every_text_of_the_tabs_routes_is_translated(path: Path) -> None:
    known = load(path)
    found = {text for source in SERVED for text in served(source)}
    assert len(found) > 120, "the source is written otherwise than this test reads it"
    unknown = {text for text in found - PIECES if not {text, str(as_whole(text))} & set(known)}
    assert sorted(unknown) == []


@languages
def test_the_tabs_names_badges_of_evidence_and_plot_axes_are_translated(path: Path) -> None:
    known = load(path)
    names = {xyz.WEIGHT, xyz.TEXT_ENCODER, xyz.MODE, xyz.CEILING, xyz.SETTING}
    tabs = [source.read_text("utf-8") for source in (ROOT / "lib_lora_neg" / "ui").rglob("tab.py")]
    names |= {title for tab in tabs for title in re.findall(r'^TITLE = "(.+)"$', tab, re.M)}
    assert {"LoRA Library", "LoRA Scan"} <= names
    causes = {sign.words for sign in SIGNS.values()} | set(CRITIC_WORDS.values())
    assert sorted((names | causes | set(EVIDENCE_NAMES)) - set(known)) == []


# ---- how it is said --------------------------------------------------------------------------


def test_answers_and_refusals_are_said_in_the_language_and_names_stay() -> None:
    words = Translator(
        {"style": "画風", "{count} LoRAs": "{count} 個の LoRA", "must be a number": "数値"}
    )

    def answer(body: Mapping[str, Any]) -> dict[str, Any]:
        if body.get("fail"):
            raise FormValueError("floor", "must be a number")
        return {
            "name": "style",
            "type": say("style"),
            "rows": [{"undo": say("{count} LoRAs", count=3)}],
        }

    said = in_language({"x": answer}, lambda: words)["x"]
    assert said({}) == {"name": "style", "type": "画風", "rows": [{"undo": "3 個の LoRA"}]}
    with pytest.raises(FormValueError, match="floor: 数値") as refused:
        said({"fail": True})
    assert refused.value.field == "floor"
