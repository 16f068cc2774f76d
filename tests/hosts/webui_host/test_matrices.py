"""Matrices that other extensions make of a LoRA's weights."""

from __future__ import annotations

import types
from typing import Any

import pytest

from lib_lora_neg.hosts.webui import infotext, loader, matrices
from lib_lora_neg.hosts.webui.guard import Guard
from lib_lora_neg.hosts.webui.matrices import changed_weights
from tests.hosts.matrix_scripts import (
    Compare,
    Grid,
    Lines,
    Matrix,
    Mixer,
    Quality,
    WeightTester,
    processed,
)
from tests.hosts.plot_standins import Cards
from tests.hosts.standins import Host, Params, Processing

STYLED = "a cat <lora:style:-0.9>"


@pytest.fixture
def guard(host: Host) -> Guard:
    guard = Guard()
    guard.cards = Cards()
    loader.install(guard)
    processed.clear()
    return guard


def job(script: Any = None, always: list[Any] = (), **more: Any) -> Processing:
    """Return a job with a script of the list chosen, as the host sets it up."""
    p = Processing(**more)
    p.scripts = types.SimpleNamespace(
        alwayson_scripts=list(always), selectable_scripts=[Lines(), script]
    )
    p.script_args = (0 if script is None else 2, True)
    matrices.remember(p)
    return p


def batches(
    guard: Guard, host: Host, p: Processing, tester: Any = None, cases: Any = None
) -> list[list[Any]]:
    """Make all batches of a job; return what was loaded for each."""
    guard.before_process(p, True, "Enforce", "txt2img")
    if tester is not None:
        tester.before_process(p, cases)
    texts = p.prompt if isinstance(p.prompt, list) else [p.prompt] * p.n_iter
    p.setup(texts, [p.negative_prompt] * len(texts))
    del host.loader.loaded[:]
    for number in range(p.n_iter):
        p.batch(number)
        guard.before_process_batch(p, number)
        if tester is not None:
            tester.before_process_batch(p, number)
        host.loader.activate(p, _params(p.prompts[0]))
    guard.postprocess(p)
    return [[items[1] for items in loaded] for loaded in host.loader.loaded]


def _params(prompt: str) -> list[Params]:
    from lib_lora_neg.prompts import parse

    return [Params(list(tag.items)) for tag in parse(prompt).tags if tag.is_lora]


def cases(*weights: str | None, name: str = "style") -> list[dict[str, Any]]:
    return [{"lora_tag_name": name if w else None, "weight": w} for w in weights]


def test_a_marked_matrix_is_left_alone(guard: Guard, host: Host) -> None:
    tester = WeightTester()
    p = job(always=[tester], prompt="a cat", negative_prompt="oilpaint", cfg_scale=9)
    made = batches(guard, host, p, tester, cases(None, "-3", "-0.5", "0", "3"))
    assert made == [[], ["-3"], ["-0.5"], ["0"], ["3"]]
    assert p.cfg_scale == 9
    assert p.all_negative_prompts == ["oilpaint"] * 5
    (told,) = p.comments
    assert "LoRA Tester" in told
    assert p.extra_generation_params[infotext.MODE_KEY] == "Off"
    (finding,) = guard.generations.last["txt2img"].findings
    assert finding.rule == "sweep"


def test_each_picture_says_what_is_outside(guard: Guard, host: Host) -> None:
    tester, said = WeightTester(), []
    p = job(always=[tester], prompt="a cat")
    given = cases("-3", "-0.5", "1")
    guard.before_process(p, True, "Enforce", "txt2img")
    tester.before_process(p, given)
    p.setup(["a cat"] * 3, [""] * 3)
    for number in range(3):
        p.batch(number)
        guard.before_process_batch(p, number)
        tester.before_process_batch(p, number)
        host.loader.activate(p, _params(p.prompts[0]))
        said.append(p.extra_generation_params[infotext.SWEEP_KEY])
    assert "<lora:style:-3> outside: lowest -0.5" in said[0]
    assert [("outside" in text) for text in said] == [True, False, False]


def test_labels_of_a_marked_matrix_say_what_is_outside(guard: Guard, host: Host) -> None:
    tester, given = WeightTester(), cases(None, "-0.51", "-0.5", "1")
    for case in given:
        case["label"] = f"style (weight {case['weight']})"
    batches(guard, host, job(always=[tester], prompt="a cat"), tester, given)
    assert [case["label"] for case in given] == [
        "style (weight None)",
        "style (weight -0.51) (outside: lowest −0.5)",
        "style (weight -0.5)",
        "style (weight 1)",
    ]


def test_a_matrix_of_embeddings_is_guarded(guard: Guard, host: Host) -> None:
    tester = WeightTester()
    p = job(always=[tester], prompt=STYLED)
    assert batches(guard, host, p, tester, cases(None, None)) == [["-0.5"], ["-0.5"]]


def test_a_matrix_without_a_mark_is_known_by_what_it_does(guard: Guard, host: Host) -> None:
    """It puts tags together, and sets the number of batches."""
    tester = WeightTester(mark="_mine")
    p = job(always=[tester], prompt="a cat", cfg_scale=9)
    assert batches(guard, host, p, tester, cases("-3", "-2")) == [["-3"], ["-2"]]
    assert p.cfg_scale == 9


def test_a_switched_off_matrix_script_is_none(guard: Guard, host: Host) -> None:
    p = job(always=[WeightTester(mark="_mine")], prompt=STYLED, n_iter=1)
    p.script_args = (False,)
    guard.before_process(p, True, "Enforce", "txt2img")
    p.n_iter = 2  # by somebody else
    p.setup([STYLED] * 2, [""] * 2)
    p.batch(0)
    guard.before_process_batch(p, 0)
    assert p.prompts == ["a cat <lora:style:-0.5>"]


def test_a_script_that_writes_one_weight_into_all_pictures_is_guarded(
    guard: Guard, host: Host
) -> None:
    mixer = Mixer()
    p = job(always=[mixer], prompt="a cat", n_iter=2)
    guard.before_process(p, True, "Enforce", "txt2img")
    p.setup(["a cat"] * 2, [""] * 2)
    mixer.process(p, "style", "-0.9")
    p.batch(0)
    guard.before_process_batch(p, 0)
    assert p.prompts == ["a cat <lora:style:-0.5>"]
    assert p.main_prompt == "a cat <lora:style:-0.5>"


def run(guard: Guard, host: Host, p: Processing, script: Any, *args: Any) -> list[list[Any]]:
    script.run(p, *args)
    made = []
    for cell in list(processed):
        made += batches(guard, host, cell)
    return made


def test_a_script_of_the_list_that_puts_tags_together(guard: Guard, host: Host) -> None:
    p = job(Compare(), prompt="a cat", negative_prompt="oilpaint", cfg_scale=9)
    assert run(guard, host, p, Compare(), "style", [-3, -0.5, 1]) == [["-3"], ["-0.5"], ["1"]]
    assert [cell.cfg_scale for cell in processed] == [9, 9, 9]
    assert processed[2].all_negative_prompts == ["oilpaint"]
    assert len(p.comments) == 1
    assert "LoRA Strength Compare" in p.comments[0]


def test_a_grid_that_replaces_weights_is_known_from_the_second_on(guard: Guard, host: Host) -> None:
    p = job(Grid(), prompt=STYLED)
    made = run(guard, host, p, Grid(), ["-0.9", "-0.7", "0.5", "-0.9"])
    assert made == [["-0.5"], ["-0.7"], ["0.5"], ["-0.9"]]


@pytest.mark.parametrize(
    ("script", "args"),
    [(Grid(), (["cat", "dog"],)), (Lines(), ([STYLED, "a dog <lora:style:-0.8>"],))],
)
def test_scripts_that_vary_something_else_are_guarded(
    guard: Guard, host: Host, script: Any, args: tuple[Any, ...]
) -> None:
    p = job(script, prompt=STYLED if isinstance(script, Grid) else "")
    assert run(guard, host, p, script, *args) == [["-0.5"], ["-0.5"]]


def test_a_script_that_adds_one_weight_is_guarded(guard: Guard, host: Host) -> None:
    assert run(guard, host, job(Quality(), prompt="a cat"), Quality()) == [["-0.5"], ["-0.5"]]


@pytest.mark.parametrize(
    ("prompt", "made"),
    [
        ("a cat|<lora:style:-0.9>", [[], ["-0.5"]]),
        ("a cat|<lora:style:-0.9>|rain", [[], ["-0.5"], [], ["-0.5"]]),
        ("a cat|<lora:style:-0.9>|<lora:style:0.5>", [[], ["-0.9"], ["0.5"], ["-0.9", "0.5"]]),
    ],
)
def test_a_prompt_matrix(guard: Guard, host: Host, prompt: str, made: list[list[str]]) -> None:
    assert run(guard, host, job(Matrix(), prompt=prompt), Matrix()) == made


def test_prompts_that_differ_without_a_matrix_are_guarded(guard: Guard, host: Host) -> None:
    """As Dynamic Prompts makes them: nobody shows their weights beside them."""
    p = job(prompt=[STYLED, "a cat <lora:style:-0.7>"], n_iter=2)
    assert batches(guard, host, p) == [["-0.5"], ["-0.5"]]


class Late:
    """Adds a LoRA after the plan and does not say how often."""

    args_from, args_to = 0, 1

    def title(self) -> str:
        return "Late"

    def before_process(self, p: Any, given: list[str]) -> None:
        self.given = given

    def before_process_batch(self, p: Any, number: int) -> None:
        p.prompts[:] = [text + self.given[number] for text in p.prompts]


def test_late_weights_that_turn_out_to_change(guard: Guard, host: Host) -> None:
    """The first one is guarded like any late tag; from the second weight on it is a sweep."""
    p = job(always=[Late()], prompt=STYLED, n_iter=4, cfg_scale=9)
    tags = [f" <lora:char:{weight}>" for weight in (-0.9, -0.9, -0.8, -0.7)]
    made = batches(guard, host, p, Late(), tags)
    assert made == [["-0.5", "-0.3"], ["-0.5", "-0.3"], ["-0.5", "-0.8"], ["-0.9", "-0.7"]]
    assert p.cfg_scale == 9
    assert sum("stands aside" in told for told in p.comments) == 1


def test_weights_that_are_added_before_the_plan_of_each_batch(guard: Guard, host: Host) -> None:
    """As the last one, by a script that the host calls before the guard."""
    tags = [f" <lora:style:{weight}>" for weight in (-0.9, -0.9, -0.8, 0.7)]
    p = job(prompt="a cat", negative_prompt="oilpaint", n_iter=4, cfg_scale=9)
    guard.before_process(p, True, "Enforce", "txt2img")
    p.setup(["a cat"] * 4, ["oilpaint"] * 4)
    made = []
    for number, tag in enumerate(tags):
        p.batch(number)
        p.prompts[:] = [p.prompts[0] + tag]
        guard.before_process_batch(p, number)
        made.append((p.prompts[0], p.cfg_scale))
    given = [(-0.5, 6), (-0.5, 6), (-0.8, 9), (0.7, 9)]
    assert made == [(f"a cat <lora:style:{weight}>", cfg) for weight, cfg in given]
    assert p.negative_prompts == ["oilpaint"]


def test_the_hires_pass_at_another_weight_is_no_sweep(guard: Guard, host: Host) -> None:
    p = job(prompt="a cat")
    guard.before_process(p, True, "Enforce", "txt2img")
    p.setup(["a cat"], [""])
    p.batch(0)
    guard.before_process_batch(p, 0)
    first, second = [Params(["style", "-0.9"])], [Params(["style", "-0.7"])]
    p.hr_extra_network_data = {"lora": second}
    host.loader.activate(p, first)
    host.loader.activate(p, second)
    assert [first[0].items[1], second[0].items[1]] == ["-0.5", "-0.5"]


@pytest.mark.parametrize("kind", ["marked", "late", "list"])
def test_a_setting_guards_them_all_the_same(guard: Guard, host: Host, kind: str) -> None:
    host.opts.lora_neg_guard_sweeps = True
    if kind == "marked":
        tester = WeightTester()
        p = job(always=[tester], prompt="a cat")
        made = batches(guard, host, p, tester, cases("-3", "1"))
    elif kind == "late":
        p = job(always=[Late()], prompt="a cat", n_iter=2)
        made = batches(guard, host, p, Late(), [" <lora:style:-3>", " <lora:style:1>"])
    else:
        made = run(guard, host, job(Compare(), prompt="a cat"), Compare(), "style", [-3, 1])
    assert made == [["-0.5"], ["1"]]


def test_a_job_after_a_sweep_is_guarded(guard: Guard, host: Host) -> None:
    p = job(Compare(), prompt="a cat")
    run(guard, host, p, Compare(), "style", [-3, 1])
    assert batches(guard, host, job(prompt=STYLED)) == [["-0.5"]]


def test_a_script_whose_code_cannot_be_read_is_guarded(guard: Guard, host: Host) -> None:
    script = types.SimpleNamespace(title=lambda: 1 / 0, run=print)
    p = job(script, prompt=STYLED)
    assert batches(guard, host, p) == [["-0.5"]]


@pytest.mark.parametrize(
    ("asked", "made", "changed"),
    [
        (STYLED, "a cat <lora:style:-0.3>", ("style",)),
        (STYLED, "a cat <lora:style:0.5:-0.9>", ("style",)),
        (STYLED, STYLED, ()),
        (STYLED, "a dog <lora:style:-0.3>", ()),
        (STYLED, "a cat <lora:char:-0.3>", ()),
        (STYLED, "a cat", ()),
        ("a cat", [STYLED], ()),
    ],
)
def test_what_makes_two_prompts_differ(asked: str, made: Any, changed: tuple[str, ...]) -> None:
    assert changed_weights(asked, made) == changed
