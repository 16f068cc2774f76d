"""A rule owns all about itself: what is derived from it, and that nothing else names rules."""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

from lib_lora_neg.policy import BY_ID, RULES, Mode, Rule

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "lib_lora_neg"
HOME = PACKAGE / "policy" / "rules"
ID = re.compile(r"R[1-9][0-9]?[a-z]?")
QUOTED = re.compile(rf"""(["'`])({ID.pattern})\1""")


def own_id(module: Path) -> str:
    """Return the id that a module of a rule is named after; empty for one that holds none."""
    number = re.fullmatch(r"(r[0-9]+[a-z]?)_\w+", module.stem)
    return number[1].replace("r", "R", 1) if number else ""


MODULES = [path for path in sorted(HOME.glob("*.py")) if own_id(path)]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_a_module_holds_the_rule_that_it_is_named_after(path: Path) -> None:
    rule = import_module(f"lib_lora_neg.policy.rules.{path.stem}").RULE
    assert rule.id == own_id(path)
    assert rule in RULES, "give it a place in the order of application"


def test_rules_are_read_by_number_and_applied_in_their_order() -> None:
    assert len(BY_ID) == len(RULES) == len(MODULES)
    numbers = [rule.number for rule in BY_ID.values()]
    assert numbers == sorted(numbers)
    places = {rule.id: place for place, rule in enumerate(RULES)}
    # Tags, weights, words, CFG: each depends on what is left by those before it.
    for first, second in (("R11d", "R11b"), ("R11b", "R8"), ("R8", "R11a"), ("R11a", "R1"),
                          ("R1", "R4"), ("R4", "R5"), ("R5", "R10"), ("R2", "R2b"), ("R2b", "R6"),
                          ("R1", "R3"), ("R5", "R3")):  # fmt: skip
        assert places[first] < places[second]


@pytest.mark.parametrize(
    "wrong",
    [{"id": "13"}, {"id": "R"}, {"id": "R0"}, {"id": "R100"}, {"id": "R1ab"}, {"id": "R1B"},
     {"default": Mode.ENFORCE, "advise_only": True}],
    ids=str,
)  # fmt: skip
def test_a_rule_that_contradicts_itself_is_refused(wrong: dict[str, object]) -> None:
    right = {"id": "R13", "title": "T", "help": "h", "default": Mode.ADVISE}
    Rule(apply=lambda draft, context: draft, **right)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"R|13"):
        Rule(apply=lambda draft, context: draft, **{**right, **wrong})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("rule", "number"), [("R1", (1, "")), ("R1f", (1, "f")), ("R10", (10, "")), ("R11a", (11, "a"))]
)
def test_a_rule_has_its_place_in_a_list(rule: str, number: tuple[int, str]) -> None:
    assert BY_ID[rule].number == number


# ---- nothing else names rules ----------------------------------------------------------------


def texts_in(path: Path) -> Iterator[tuple[int, str]]:
    """Yield line and text of each string that a program holds."""
    source = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.lineno, node.value
    else:
        for number, line in enumerate(source.splitlines(), 1):
            yield from ((number, found[2]) for found in QUOTED.finditer(line))


def named_rules(path: Path) -> list[str]:
    own = own_id(path) if path.parent == HOME else ""
    return [
        f"{path.relative_to(ROOT)}:{line} names {text}"
        for line, text in texts_in(path)
        if ID.fullmatch(text) and text not in (own, own.rstrip("abcdef"))
    ]


PROGRAMS = sorted(
    path
    for folder in (PACKAGE, ROOT / "frontend", ROOT / "javascript", ROOT / "scripts")
    for ending in ("py", "js", "mjs")
    for path in folder.rglob(f"*.{ending}")
)


def test_no_other_module_names_a_rule() -> None:
    assert len(PROGRAMS) > 300
    assert [named for path in PROGRAMS for named in named_rules(path)] == []


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("a.py", 'NAMES = {"R1": "range", "R2b": "core"}', 2),
        ("a.py", "if finding.rule in ('R8', 'R9'): pass", 2),
        ("a.py", '"""R1 and R2 in a sentence"""  # "R3"', 0),
        ("a.mjs", "const moved = ['R8', `R9`, \"R11a\"];", 3),
        ("a.mjs", "const size = 'R88x2', name = 'XR1';", 0),
    ],
)
def test_a_table_of_rules_would_be_found(name: str, text: str, found: int, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    assert sum(bool(ID.fullmatch(said)) for _, said in texts_in(path)) == found


# ---- the documents ---------------------------------------------------------------------------


def test_the_guide_has_the_table_of_the_rules() -> None:
    spec = spec_from_file_location("rule_table", ROOT / "bench" / "rule_table.py")
    assert spec is not None
    assert spec.loader is not None
    bench = module_from_spec(spec)
    spec.loader.exec_module(bench)
    document = bench.GUIDE.read_text(encoding="utf-8")
    assert bench.with_table(document) == document, "run python bench/rule_table.py"
    for rule in BY_ID.values():
        assert f"| {rule.id} |" in document


# ---- one file, one line ----------------------------------------------------------------------

MADE_UP = '''"""R99: tags at weight 0, which do nothing."""

from __future__ import annotations

from ...sentences import say
from ..draft import Context, Draft, TextDraft, each_prompt, guarded_uses, tag_text
from ..options import Mode
from ..rule import ChipText, Rule


def idle(draft: Draft, context: Context) -> Draft:
    """Say which tags do nothing."""
    if context.mode("R99") is Mode.OFF:
        return draft

    def look(text: TextDraft) -> TextDraft:
        for _, use, _ in guarded_uses(text, "R99"):
            if use.unet == 0.0 and use.te == 0.0:
                tag = tag_text(text, use)
                context.report("R99", text, enforced=False, lora=use.name, before=tag, after=tag,
                               reason=say("at weight 0 it does nothing"))
        return text

    return each_prompt(draft, look)


RULE = Rule(
    id="R99",
    apply=idle,
    title="Idle tag",
    help="says which tags do nothing",
    default=Mode.ADVISE,
    chip=ChipText("does nothing"),
    advise_only=True,
    nudges=True,
)
'''

LOOK = """
import importlib.util, json, sys, types
gradio = types.ModuleType("gradio")
gradio.Slider = gradio.Radio = gradio.Checkbox = object
sys.modules["gradio"] = gradio
from lib_lora_neg.console.arguments import build_parser
from lib_lora_neg.api.schemas import CHECK
from lib_lora_neg.hosts.webui import settings_page
from lib_lora_neg.policy import DEFAULT_RULE_MODES
from lib_lora_neg.policy.switches import SWITCHES
from lib_lora_neg.ui.panel.preview import preview
from lib_lora_neg.hosts.preview import FormValues
from tests.support.cards import card
from tests.support.preview import PreviewFor
spec = importlib.util.spec_from_file_location("rule_table", "bench/rule_table.py")
bench = importlib.util.module_from_spec(spec)
spec.loader.exec_module(bench)
host = PreviewFor([card("a", "style")])
options = {option.key: option for option in settings_page._options()}
setting = next(option for key, option in options.items() if key.lower().endswith("r99"))
asked = ["check", "--lora-dir", ".", "--prompt", "a", "--rule", "r99=off"]
arguments = build_parser().parse_args(asked)
print(json.dumps({
    "default": DEFAULT_RULE_MODES["R99"].value,
    "last": list(DEFAULT_RULE_MODES)[-1],
    "setting": [setting.label, setting.help, setting.default, setting.arguments["choices"]],
    "switch": [switch for switch in SWITCHES if "R99" in switch.rules],
    "chips": preview(host.context(FormValues("<lora:a:0>", "")))["chips"],
    "table": bench.rule_table().splitlines()[-1],
    "argument": [(rule, mode.value) for rule, mode in arguments.rule],
    "api": "R99" in json.dumps(CHECK),
}))
"""


def test_a_new_rule_is_one_file_and_one_line(tmp_path: Path) -> None:
    shutil.copytree(
        PACKAGE, tmp_path / "lib_lora_neg", ignore=shutil.ignore_patterns("__pycache__")
    )
    for name in ("bench/rule_table.py", "tests/support/cards.py", "tests/support/preview.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    rules = tmp_path / "lib_lora_neg" / "policy" / "rules"
    (rules / "r99_idle.py").write_text(MADE_UP, encoding="utf-8")
    order = (rules / "__init__.py").read_text(encoding="utf-8")
    assert order.count('    "r3_cfg",\n') == 1
    order = order.replace('    "r3_cfg",\n', '    "r99_idle",\n    "r3_cfg",\n')
    (rules / "__init__.py").write_text(order, encoding="utf-8")

    done = subprocess.run(
        [sys.executable, "-c", LOOK],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)

    assert (seen["default"], seen["last"]) == ("Advise", "R99")
    assert seen["setting"] == [
        "R99: Idle tag",
        "says which tags do nothing",
        "Advise",
        ["Advise", "Off"],
    ]
    assert seen["switch"] == [["R99", "Idle tag", ["R99"]]]
    (chip,) = seen["chips"]
    assert [chip[name] for name in ("rule", "title", "tone", "lead", "before", "tail")] == [
        "R99",
        "Idle tag",
        "advice",
        "a",
        "0",
        "does nothing",
    ]
    assert [action["kind"] for action in chip["actions"]] == ["nudge", "nudge", "allow"]
    assert chip["actions"][-1]["writes"] == {"prompt": "<lora:a:0:guard=-R99>"}
    assert seen["table"] == "| R99 | Idle tag | says which tags do nothing | Advise, nothing else |"
    assert seen["argument"] == [["R99", "Off"]]
    assert seen["api"]
