"""The guard in the host's callbacks: batches, shared state, failures, nesting, late tags."""

from __future__ import annotations

import pytest

from lib_lora_neg.hosts.webui import guard as guard_module
from lib_lora_neg.hosts.webui import infotext, loader
from lib_lora_neg.hosts.webui.guard import Guard
from lib_lora_neg.loras.card import LoraCard
from lib_lora_neg.policy.infotext import UNREAD
from lib_lora_neg.policy.notes import TOO_LONG
from lib_lora_neg.policy.too_long import MOST_CHARACTERS
from tests.hosts.standins import Host, Params, Processing
from tests.support.cards import card

CARDS = {
    c.name: c
    for c in (
        card("style", "style", triggers=("oilpaint",)),
        card("char", "character"),
        card("fine", "concept"),
    )
}


class Cards:
    def get(self, name: str, /) -> LoraCard | None:
        return CARDS.get(name)


@pytest.fixture
def guard(host: Host) -> Guard:
    guard = Guard()
    guard.cards = Cards()
    return guard


def start(guard: Guard, p: Processing, prompts: list[str], negatives: list[str]) -> None:
    guard.before_process(p, True, "Enforce", "txt2img")
    p.setup(prompts, negatives)


def run(guard: Guard, p: Processing, number: int = 0) -> None:
    p.batch(number)
    guard.before_process_batch(p, number)


def test_a_prompt_that_is_too_long_is_left_alone_and_told(guard: Guard) -> None:
    p = Processing(cfg_scale=9)
    asked = "<lora:style:-0.9> " + "x" * MOST_CHARACTERS
    start(guard, p, [asked], ["bad"])
    run(guard, p)
    loader.guard_params(guard, p, [Params(["style", "-0.9"])])
    guard.write_again(p)
    assert p.prompts == p.all_prompts == [asked]
    assert p.cfg_scale == 9
    assert p.extra_generation_params == {infotext.MODE_KEY: UNREAD}
    assert [finding.rule for finding in guard.generations.of(p).findings] == [TOO_LONG.id]
    assert len(p.comments) == 1


def test_picture_and_infotext_get_the_same_texts(guard: Guard) -> None:
    p = Processing(cfg_scale=9)
    start(guard, p, ["a <lora:style:-0.9>"], ["bad"])
    run(guard, p)
    assert p.prompts == p.all_prompts == [p.main_prompt] == ["a <lora:style:-0.5>"]
    assert p.cfg_scale == 6
    assert p.extra_generation_params[infotext.MODE_KEY] == "Enforce"
    assert (
        "<lora:style:-0.9> -> <lora:style:-0.5>"
        in (p.extra_generation_params[infotext.CHANGES_KEY])
    )
    assert p.comments


def test_negative_of_each_batch(guard: Guard) -> None:
    p = Processing(batch_size=2, n_iter=2)
    prompts = ["x <lora:style:1>", "y <lora:style:1>", "no lora", "no lora"]
    start(guard, p, prompts, ["oilpaint, a", "b", "oilpaint, c", "d"])
    run(guard, p, 0)
    assert p.negative_prompts == ["a", "b"]
    run(guard, p, 1)
    assert p.negative_prompts == ["oilpaint, c", "d"]
    assert p.all_negative_prompts == ["a", "b", "oilpaint, c", "d"]
    assert p.main_negative_prompt == "a"
    assert infotext.MODE_KEY not in p.extra_generation_params


def test_each_batch_starts_from_the_cfg_that_was_asked_for(guard: Guard) -> None:
    p = Processing(cfg_scale=9, n_iter=3)
    start(guard, p, ["<lora:style:-0.3>", "plain", "<lora:style:-0.3>"], ["", "", ""])
    seen = []
    for number in range(3):
        run(guard, p, number)
        seen.append(p.cfg_scale)
    assert seen == [6, 9, 6]


def test_a_processing_object_that_is_used_again_starts_from_its_own_cfg(guard: Guard) -> None:
    p = Processing(cfg_scale=9)
    start(guard, p, ["<lora:style:-0.3>"], [""])
    run(guard, p)
    guard.postprocess(p)
    assert p.cfg_scale == 6
    guard.before_process(p, False, "Enforce", "txt2img")
    assert p.cfg_scale == 9


def test_a_cfg_that_another_script_set_meanwhile_stays(guard: Guard) -> None:
    p = Processing(cfg_scale=9, n_iter=2)
    start(guard, p, ["<lora:style:-0.3>", "plain"], ["", ""])
    run(guard, p, 0)
    p.cfg_scale = 4
    run(guard, p, 1)
    assert p.cfg_scale == 4


def test_cells_of_a_plot_share_a_dictionary_but_not_our_keys(guard: Guard) -> None:
    base = Processing(cfg_scale=9, extra_generation_params={"Other": 1})
    first, second = base.clone(), base.clone()
    start(guard, first, ["<lora:style:-0.9>"], [""])
    run(guard, first)
    start(guard, second, ["plain"], [""])
    run(guard, second)
    assert infotext.MODE_KEY in first.extra_generation_params
    assert second.extra_generation_params == base.extra_generation_params == {"Other": 1}
    assert second.cfg_scale == 9


@pytest.mark.parametrize(("enabled", "mode"), [(False, "Enforce"), (True, "Off")])
def test_off_leaves_everything(guard: Guard, enabled: bool, mode: str) -> None:
    p = Processing(cfg_scale=9)
    guard.before_process(p, enabled, mode, "txt2img")
    p.setup(["<lora:style:-0.9>"], ["oilpaint"])
    run(guard, p)
    assert (p.prompts, p.cfg_scale, p.extra_generation_params) == (["<lora:style:-0.9>"], 9, {})
    assert not p.comments


def test_advise_only_says_so(guard: Guard) -> None:
    p = Processing(cfg_scale=9)
    guard.before_process(p, True, "advise", "txt2img")
    p.setup(["<lora:style:-0.9>"], [""])
    run(guard, p)
    guard.postprocess(p)
    assert (p.prompts, p.cfg_scale) == (["<lora:style:-0.9>"], 9)
    assert p.extra_generation_params == {infotext.MODE_KEY: "Advise"}
    assert {f.rule for f in guard.generations.last["txt2img"].findings} == {"R1", "R3"}


@pytest.mark.parametrize("place", ["read_request", "plan", "apply_plan", "change_text"])
def test_a_failure_leaves_the_picture_and_is_said(
    guard: Guard,
    hooked: Host,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    place: str,
) -> None:
    """By the last place the plan is applied already; the loader must not guard either."""

    def broken(*_: object) -> None:
        raise RuntimeError("broken on purpose")

    monkeypatch.setattr(guard_module, place, broken)
    p = Processing(cfg_scale=9)
    start(guard, p, ["<lora:style:-0.9>"], ["oilpaint"])
    run(guard, p)
    hooked.loader.activate(p, [Params(["style", "-0.9"])])
    guard.postprocess(p)
    assert hooked.loader.loaded == [[["style", "-0.9"]]]
    assert (p.prompts, p.all_prompts, p.main_prompt) == (
        ["<lora:style:-0.9>"],
        ["<lora:style:-0.9>"],
        "<lora:style:-0.9>",
    )
    assert (p.negative_prompts, p.cfg_scale) == (["oilpaint"], 9)
    assert not guard.generations.last["txt2img"].findings
    assert p.extra_generation_params == {infotext.MODE_KEY: infotext.NOT_GUARDED}
    assert "broken on purpose" in guard.generations.last["txt2img"].failures[0]
    assert "broken on purpose" in capsys.readouterr().out


def test_a_wrong_mode_is_said_and_nothing_is_guarded(guard: Guard) -> None:
    p = Processing()
    guard.before_process(p, True, "enforced", "txt2img")
    p.setup(["<lora:style:-0.9>"], [""])
    run(guard, p)
    assert p.prompts == ["<lora:style:-0.9>"]
    assert p.extra_generation_params == {infotext.MODE_KEY: infotext.NOT_GUARDED}
    assert "no such mode" in p.comments[0]


def test_settings_of_a_single_request_are_obeyed(guard: Guard, host: Host) -> None:
    """The host applies them between before_process and the first batch."""
    p = Processing(cfg_scale=5)
    start(guard, p, ["<lora:style:-0.9>"], [""])
    host.opts.lora_neg_rule_r1 = "Off"
    run(guard, p)
    assert p.prompts == ["<lora:style:-0.9>"]


def test_nested_generations_keep_their_own_findings(guard: Guard) -> None:
    outer = Processing(cfg_scale=9)
    start(guard, outer, ["<lora:style:-0.9>"], [""])
    run(guard, outer)
    inner = Processing(cfg_scale=8)
    guard.before_process(inner, True, "Enforce", "img2img")
    inner.setup(["<lora:char:-0.5> x"], [""])
    run(guard, inner)
    guard.postprocess(inner)
    assert inner.prompts == ["x"]
    assert (inner.cfg_scale, outer.cfg_scale) == (8, 6)
    guard.postprocess(outer)
    assert set(guard.generations.last) == {"txt2img"}
    assert {f.lora for f in guard.generations.last["txt2img"].findings} == {"style"}


def test_a_generation_that_was_aborted_does_not_hold_later_ones(guard: Guard, host: Host) -> None:
    aborted = Processing()
    start(guard, aborted, ["<lora:style:-0.9>"], [""])
    host.state.time_start = 2.0
    p = Processing()
    start(guard, p, ["<lora:char:-0.9>"], [""])
    run(guard, p)
    guard.postprocess(p)
    assert {f.lora for f in guard.generations.last["txt2img"].findings} == {"char"}


@pytest.fixture
def hooked(guard: Guard, host: Host) -> Host:
    assert loader.install(guard)
    return host


def test_the_hook_is_installed_once_and_removed(guard: Guard, hooked: Host) -> None:
    wrapped = type(hooked.loader).activate
    loader.install(guard)
    assert type(hooked.loader).activate.__wrapped__ is wrapped.__wrapped__
    loader.uninstall()
    assert not loader.installed()


def test_a_late_tag_is_clamped_at_the_loader(guard: Guard, hooked: Host) -> None:
    p = Processing(cfg_scale=9)
    start(guard, p, ["a"], [""])
    run(guard, p)
    params = [Params(["style", "-0.9"]), Params(["char", "-0.5"]), Params(["fine", "0.5"])]
    items = params[0].items
    hooked.loader.activate(p, params)
    assert hooked.loader.loaded == [[["style", "-0.5"], ["char", "0"], ["fine", "0.5"]]]
    assert params[0].items is items
    assert params[0].positional == ["style", "-0.5"]
    assert p.cfg_scale == 6
    assert (
        "<lora:style:-0.9> -> <lora:style:-0.5>" in (p.extra_generation_params[infotext.LATE_KEY])
    )


def test_a_late_tag_that_stands_in_the_infotext_is_mended_there(guard: Guard, hooked: Host) -> None:
    p = Processing(cfg_scale=5)
    start(guard, p, ["a"], [""])
    run(guard, p)
    p.all_prompts[0] = "a <lora:style:-0.9>"
    hooked.loader.activate(p, [Params(["style", "-0.9"])])
    assert p.all_prompts == ["a <lora:style:-0.5>"]
    assert infotext.LATE_KEY not in p.extra_generation_params


def test_a_nested_generation_without_the_script_is_guarded_at_the_loader(
    guard: Guard, hooked: Host
) -> None:
    outer = Processing(cfg_scale=9)
    start(guard, outer, ["a <lora:style:0.5>"], [""])
    run(guard, outer)
    inner = Processing(cfg_scale=9)
    inner.setup(["<lora:char:-0.9>"], [""])
    inner.batch(0)
    hooked.loader.activate(inner, [Params(["char", "-0.9"])])
    assert hooked.loader.loaded == [[["char", "0"]]]
    assert outer.cfg_scale == 9
    guard.postprocess(outer)
    assert not guard.generations.last["txt2img"].findings


def test_generations_without_the_guard_pass_the_loader_untouched(
    guard: Guard, hooked: Host
) -> None:
    p = Processing()
    guard.before_process(p, False, "Enforce", "txt2img")
    p.setup(["<lora:char:-0.9>"], [""])
    hooked.loader.activate(p, [Params(["char", "-0.9"])])
    assert hooked.loader.loaded == [[["char", "-0.9"]]]


def test_the_hosts_dummy_passes_the_loader(guard: Guard, hooked: Host) -> None:
    outer = Processing()
    start(guard, outer, ["a"], [""])
    hooked.loader.activate(Processing(scripts=None), [Params(["char", "-0.9"])])
    hooked.loader.activate(Processing(scripts=None), [])
    assert hooked.loader.loaded == [[["char", "-0.9"]], []]


def test_guard_off_passes_the_loader(guard: Guard, hooked: Host) -> None:
    p = Processing(cfg_scale=9)
    start(guard, p, ["a"], [""])
    run(guard, p)
    hooked.loader.activate(p, [Params(["style", "-0.9", "guard=off"])])
    assert hooked.loader.loaded == [[["style", "-0.9", "guard=off"]]]
    assert p.cfg_scale == 9
