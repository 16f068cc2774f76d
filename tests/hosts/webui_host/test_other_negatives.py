"""Negatives that other extensions keep in boxes of their own: advised on, never changed."""

from __future__ import annotations

import types
from typing import Any

import pytest

from lib_lora_neg.hosts.webui.guard import Guard
from lib_lora_neg.policy import Effect, Finding
from tests.hosts.plot_standins import Cards
from tests.hosts.standins import Host, Processing
from tests.support.sentences import fields

HELD = "a cat <lora:style:0.9>"


@pytest.fixture
def guard(host: Host) -> Guard:
    guard = Guard()
    guard.cards = Cards()
    return guard


def made(
    guard: Guard, *own: Any, title: str = "Forge Neo NAG", labels: list[str] = (), **more: Any
) -> tuple[Processing, list[Finding]]:
    """Make a picture beside an extension with these arguments; return it with the findings."""
    p = Processing(**{"prompt": HELD, "negative_prompt": "blurry", **more})
    script = types.SimpleNamespace(title=lambda: title, args_from=1, args_to=1 + len(own))
    inputs = [None, *(types.SimpleNamespace(label=label) for label in labels)]
    p.scripts = types.SimpleNamespace(alwayson_scripts=[script], inputs=inputs)
    p.script_args = (0, *own)
    guard.before_process(p, True, "Enforce", "txt2img")
    p.setup([p.prompt], [p.negative_prompt])
    p.batch(0)
    guard.before_process_batch(p, 0)
    guard.postprocess(p)
    return p, list(guard.generations.last["txt2img"].findings)


def test_a_trigger_in_the_box_of_neo_nag_is_told(guard: Guard) -> None:
    p, (finding,) = made(guard, True, "big wings, oilpaint", 4.0)
    assert (finding.rule, finding.effect, finding.lora) == ("R2", Effect.ADVISED, "style")
    assert fields(finding.reason)["tool"] == "Forge Neo NAG"
    assert p.script_args[2] == "big wings, oilpaint"
    assert (p.prompts, p.negative_prompts) == ([HELD], ["blurry"])


def test_any_box_that_is_called_a_negative_prompt_is_read(guard: Guard) -> None:
    labels = ["Enabled", "Scale", "Regional negative prompt"]
    _, (finding,) = made(guard, True, 2.0, "oilpaint", title="Other", labels=labels)
    assert fields(finding.reason)["tool"] == "Other"


@pytest.mark.parametrize(
    "own", [(False, "oilpaint"), (True, ""), (True, "wings"), (True, None), (True,), ("oilpaint",)]
)
def test_nothing_is_told_where_nothing_is(guard: Guard, own: tuple[Any, ...]) -> None:
    assert made(guard, *own)[1] == []


def test_a_text_that_is_no_negative_is_not_read(guard: Guard) -> None:
    labels = ["Enabled", "Prompt for faces"]
    assert made(guard, True, "oilpaint", title="Other", labels=labels)[1] == []


def test_a_lora_that_the_guard_took_out_says_nothing_of_the_box(guard: Guard) -> None:
    _, found = made(guard, True, "oilpaint", prompt="a cat <lora:style:0>")
    assert found == []


def test_a_broken_box_does_not_stop_the_guard(guard: Guard) -> None:
    p, found = made(guard, True, "(" * 5000 + "oilpaint", prompt="a cat <lora:style:-0.9>")
    assert p.prompts == ["a cat <lora:style:-0.5>"]
    assert {finding.rule for finding in found} >= {"R1"}
