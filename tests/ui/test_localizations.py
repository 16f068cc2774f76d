"""Localization files of the host's kind: complete in every language, with nothing left over."""

from __future__ import annotations

import ast
import html
import json
import re
import sys
import types
from collections.abc import Iterator
from pathlib import Path

import pytest

from lib_lora_neg.hosts.webui import health, settings_page
from lib_lora_neg.loras.card import DataWidth
from lib_lora_neg.loras.families import ModelFamily
from lib_lora_neg.loras.types import model as type_model
from lib_lora_neg.loras.types.evidence import TypeEvidence
from lib_lora_neg.loras.types.inference import infer_type
from lib_lora_neg.policy import (
    NOTES,
    RULES,
    GenerationRequest,
    GuardSettings,
    Mode,
    PromptSet,
    Rule,
    plan,
)
from lib_lora_neg.policy.wording import TYPE_NAMES
from lib_lora_neg.sentences import Translator, pack_sentence, unpack_sentence
from tests.support.cards import card

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "lib_lora_neg"
FILES = sorted((ROOT / "localizations").glob("*.json"))
SAID = [
    *(PACKAGE / "policy").rglob("*.py"),
    *sorted((PACKAGE / "ui" / "panel").glob("*.py")),
    PACKAGE / "hosts" / "webui" / "health.py",
    PACKAGE / "hosts" / "webui" / "option_values.py",
    PACKAGE / "hosts" / "webui" / "script.py",
]
FACTS = [
    PACKAGE / "loras" / "types" / f"{name}.py"
    for name in ("roles", "negatives", "sliders", "categories", "model")
]
FIELD = re.compile(r"\{\w+\}")

languages = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)


def load(path: Path) -> dict[str, str]:
    loaded = json.loads(path.read_text(encoding="utf-8"))
    assert isinstance(loaded, dict)
    return loaded


# ---- what is said, from the source ---------------------------------------------------------


def texts_of(node: ast.expr, constants: dict[str, list[str]]) -> list[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    if isinstance(node, ast.IfExp):
        return texts_of(node.body, constants) + texts_of(node.orelse, constants)
    return constants.get(node.id, []) if isinstance(node, ast.Name) else []


def templates(path: Path) -> Iterator[str]:
    """Yield the templates of a module's sentences, as far as they are written in it."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    constants: dict[str, list[str]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            constants.setdefault(node.targets[0].id, []).extend(texts_of(node.value, {}))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "say":
            yield from texts_of(node.args[0], constants)


def facts(path: Path) -> Iterator[str]:
    """Yield the reasons for a type that a module may give, with samples in their fields."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "reason":
            yield from sampled(node.value)
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "role_of":
            yield from sampled(node.args[2])
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "TypeInference":
            reasons = node.args[2] if len(node.args) > 2 else None
            if isinstance(reasons, ast.Tuple):
                for reason in reasons.elts:
                    yield from sampled(reason)


def sampled(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Constant):
        yield str(node.value)
    elif isinstance(node, ast.JoinedStr):
        yield "".join(p.value if isinstance(p, ast.Constant) else "…" for p in node.values)
    elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "say":
        yield from sampled(node.args[0])


def options(monkeypatch: pytest.MonkeyPatch) -> list[settings_page._Option]:
    gradio = types.ModuleType("gradio")
    for name in ("Slider", "Radio", "Checkbox"):
        setattr(gradio, name, name)
    monkeypatch.setitem(sys.modules, "gradio", gradio)
    return list(settings_page._options())


def texts_of_rule(rule: Rule) -> Iterator[str]:
    """Yield what chips, switches and findings show of a rule; a test of its own has its setting."""
    yield from (rule.title, rule.switch_label, rule.button)
    if rule.chip.tail:
        yield rule.chip.tail
    if rule.chip.shared is not None:
        yield from (rule.chip.shared.lead, rule.chip.shared.button)


# ---- complete ------------------------------------------------------------------------------


def test_they_translate_the_same_texts() -> None:
    keys = [list(load(path)) for path in FILES]
    assert len(FILES) >= 2
    assert all(other == keys[0] for other in keys)


@languages
def test_every_sentence_is_translated(path: Path) -> None:
    said = {text for source in SAID for text in templates(source)}
    assert len(said) > 90, "the source is written otherwise than this test reads it"
    said |= {text for rule in RULES for text in texts_of_rule(rule)} | set(TYPE_NAMES.values())
    said |= {text for note in NOTES.values() for text in (note.title, note.lead, note.tail) if text}
    said |= set(health._MODE_WORDS.values())
    said |= {f"{width.value} data" for width in DataWidth if width is not DataWidth.UNKNOWN}
    assert sorted(said - set(load(path))) == []


@languages
def test_every_reason_for_a_type_is_translated(path: Path) -> None:
    reasons = {text for source in FACTS for text in facts(source)}
    assert len(reasons) > 14, "the source is written otherwise than this test reads it"
    reasons |= set(type_model._SHAPES.values()) | set(type_model._FIELDS.values())
    assert sorted(reasons - set(load(path))) == []


@languages
def test_a_reason_from_the_index_is_said_in_the_language(path: Path) -> None:
    words = Translator(load(path))
    found = infer_type(
        TypeEvidence(names=("Someone",), categories=("style",), images=20), None
    ).reasons
    packed = [unpack_sentence(pack_sentence(reason)) for reason in found]
    assert packed == list(found)
    assert all(words(reason) != reason for reason in packed)


@languages
def test_the_settings_page_is_translated(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = load(path)
    shown = [option.label for option in options(monkeypatch)]
    # So the host shows help: in brackets, as one piece of text.
    shown += [title for title, _ in settings_page._groups()]
    shown += [f"({option.help})" for option in options(monkeypatch) if option.help]
    assert len(shown) > 50
    assert [text for text in shown if text not in known] == []


@languages
def test_what_the_page_says_by_itself_is_translated(path: Path) -> None:
    scripts = [file.read_text("utf-8") for file in (ROOT / "frontend").rglob("*.js")]
    said = {text for script in scripts for text in re.findall(r'\btranslate\("([^"]+)"', script)}
    assert len(said) > 8
    assert sorted(said - set(load(path))) == []


@languages
def test_translations_have_the_fields_of_their_text(path: Path) -> None:
    wrong = [
        english
        for english, other in load(path).items()
        if set(FIELD.findall(english)) != set(FIELD.findall(other)) or not other.strip()
    ]
    assert wrong == []


@languages
def test_findings_are_said_in_the_language(path: Path) -> None:
    words = Translator(load(path))
    cards = {
        made.name: made
        for made in (
            card("style_x", "style", triggers=("oilish",), family=ModelFamily.SDXL),
            card("hero", "character", family=ModelFamily.SDXL),
            card("rainy", "style", shares={"rain": 0.8}, family=ModelFamily.SDXL),
            card("mystery", "unknown", confidence=0.0, family=ModelFamily.SDXL),
        )
    }
    prompt = "<lora:style_x:-0.9> <lora:hero:-0.5> <lora:rainy:2.9> <lora:mystery:-1> <lora:no:1>"
    asked = PromptSet((f"{prompt}, without a hat",), ("oilish, rain, <lora:hero:1>",), 9.0)
    request = GenerationRequest(asked, family=ModelFamily.SDXL)
    for mode in (Mode.ENFORCE, Mode.ADVISE):
        found = plan(request, cards, GuardSettings(mode)).findings
        assert len({finding.rule for finding in found}) >= 7
        for finding in found:
            assert re.search(r"[\u3040-\u30ff\u4e00-\u9fff]", words(finding.reason)), finding


# ---- nothing left over ---------------------------------------------------------------------


def ways(key: str) -> tuple[str, str]:
    """Return a key, and how it stands in the source where a form makes a sentence of it."""
    return key, key[0].lower() + key[1:].removesuffix(".")


@languages
def test_nothing_is_left_over(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sources = [*(ROOT / "frontend").rglob("*.js"), *SAID]
    sources += [
        PACKAGE / "policy" / "switches.py",
        PACKAGE / "hosts" / "webui" / "settings_page.py",
    ]
    sources += (PACKAGE / "policy").glob("*.py")
    sources += [*(PACKAGE / "loras").rglob("*.py"), *(PACKAGE / "ui").rglob("*.py")]
    sources += [*(PACKAGE / "scan").glob("*.py"), PACKAGE / "library" / "lookups.py"]
    sources += (PACKAGE / "hosts" / "webui").glob("xyz*.py")
    spoken = ("sweeps.py", "loader.py", "other_negatives.py")
    sources += [PACKAGE / "hosts" / "webui" / name for name in spoken]
    texts = [source.read_text(encoding="utf-8") for source in sources]
    # Sentences may be written on several lines, and facts with fields in their place.
    joined = html.unescape(re.sub(r'"\s*\n\s*f?"', "", "\n".join(texts)))
    loose = re.sub(r"\{[^{}]*\}", "{}", joined)
    shown = {option.label for option in options(monkeypatch)}
    shown |= {f"({option.help})" for option in options(monkeypatch)}
    built = re.compile(
        r"(?:wide|narrow|normal|unknown) data|\[LoRA Neg\] .*|text encoder, unet|"
        r"leans to .*|category tags: .*|“\{phrases\}” in .*|\{file\}: .*"
    )
    # What a scan kept in a file is known by its whole (test_localizations_of_tabs).
    whole = re.compile(
        r"\{effect\}; (?:no )?damage .*\{best\}\.|\{cause\}, on .*|Going from −0\.4 to .*|"
        r"Negative weights make the pictures \{first\}.*|With the LoRA at \{weight\}, .*"
    )
    left = [
        key
        for key in load(path)
        if not any(way in joined or FIELD.sub("{}", way) in loose for way in ways(key))
        and key not in shown
        and not built.fullmatch(key)
        and not whole.fullmatch(key)
    ]
    assert left == []
