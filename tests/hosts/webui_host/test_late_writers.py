"""The infotext is what was made: one test per way in which another script writes prompts late.

Each plays the calls of one extension in the host's order, as its published code makes them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from lib_lora_neg.hosts.webui import infotext, late_texts, loader
from lib_lora_neg.hosts.webui.guard import Guard
from lib_lora_neg.prompts import parse
from tests.hosts.plot_standins import Cards
from tests.hosts.standins import Host, Params, Processing

ASKED, GIVEN = "a cat <lora:style:-0.9>", "a cat <lora:style:-0.5>"
HELD, NEGATIVE, STRIPPED = "a cat <lora:style:0.9>", "blurry, oilpaint", "blurry"


@pytest.fixture
def guard(host: Host) -> Guard:
    guard = Guard()
    guard.cards = Cards()
    loader.install(guard)
    return guard


class Neighbour:
    """Another extension's script; by default it does nothing."""

    def process(self, p: Any) -> None: ...
    def before_process_batch(self, p: Any) -> None: ...
    def process_batch(self, p: Any) -> None: ...
    def postprocess_batch(self, p: Any) -> None: ...
    def postprocess_batch_list(self, p: Any) -> None: ...
    def postprocess_image(self, p: Any) -> None: ...


class Made:
    """What came out: what was encoded and loaded, and the texts of the infotexts."""

    def __init__(self) -> None:
        self.encoded: list[tuple[str, str]] = []
        self.loaded: list[list[str]] = []
        self.said: list[tuple[str, str]] = []
        self.grid: tuple[str, str] = ("", "")


def make(
    guard: Guard, host: Host, p: Processing, neighbour: Neighbour, *, first: bool = False
) -> Made:
    """Make a job as the host does; the neighbour's callbacks come after the guard's, or before."""

    def call(ours: Callable[[], None], theirs: Callable[[Any], None]) -> None:
        if first:
            theirs(p)
            ours()
        else:
            ours()
            theirs(p)

    made = Made()
    guard.before_process(p, True, "Enforce", "txt2img")
    texts = [p.prompt] * (p.n_iter * p.batch_size)
    p.setup(texts, [p.negative_prompt] * len(texts))
    neighbour.process(p)
    for number in range(p.n_iter):
        p.batch(number)
        call(lambda n=number: guard.before_process_batch(p, n), neighbour.before_process_batch)
        tags = [tag for tag in parse(p.prompts[0]).tags if tag.is_lora]
        p.prompts = [late_texts._bare(text) for text in p.prompts]
        params = [Params(list(tag.items)) for tag in tags]
        host.loader.activate(p, params)
        made.loaded.append([params_.items[1] for params_ in params])
        call(lambda: guard.write_again(p), neighbour.process_batch)
        made.encoded.append((p.prompts[0], p.negative_prompts[0]))
        guard.note_encoded(p)
        call(lambda: guard.write_again(p), neighbour.postprocess_batch)
        p.batch(number)
        call(lambda: guard.write_again(p, shown=True), neighbour.postprocess_batch_list)
        call(lambda: guard.write_again(p, shown=True), neighbour.postprocess_image)
        made.said.append((p.prompts[0], p.negative_prompts[0]))
    made.grid = (p.main_prompt, p.main_negative_prompt)
    guard.postprocess(p)
    return made


class PutsBack(Neighbour):
    """Regional Prompter: keeps the prompts in ``process``, puts them back in ``process_batch``."""

    def __init__(self, prefix: str = "") -> None:
        self.prefix = prefix

    def process(self, p: Any) -> None:
        self.kept = [self.prefix + text for text in p.all_prompts], list(p.all_negative_prompts)

    def process_batch(self, p: Any) -> None:
        here = slice(p.iteration * p.batch_size, (p.iteration + 1) * p.batch_size)
        p.all_prompts[here] = self.kept[0][here]
        p.all_negative_prompts[here] = self.kept[1][here]


@pytest.mark.parametrize("first", [False, True], ids=["after", "before"])
def test_copies_that_are_put_back(guard: Guard, host: Host, first: bool) -> None:
    p = Processing(prompt=ASKED, negative_prompt="bad", n_iter=2)
    made = make(guard, host, p, PutsBack(), first=first)
    assert made.loaded == [["-0.5"], ["-0.5"]]
    assert made.said == [(GIVEN, "bad")] * 2
    assert p.all_prompts == [GIVEN] * 2


@pytest.mark.parametrize("first", [False, True], ids=["after", "before"])
def test_words_that_are_put_back(guard: Guard, host: Host, first: bool) -> None:
    p = Processing(prompt=HELD, negative_prompt=NEGATIVE)
    made = make(guard, host, p, PutsBack(), first=first)
    assert made.encoded == [("a cat ", STRIPPED)]
    assert made.said == [(HELD, STRIPPED)]
    assert p.all_negative_prompts == [STRIPPED]


def test_a_copy_in_another_language_stays_in_it(guard: Guard, host: Host) -> None:
    """What Regional Prompter puts back is its own text, not the one that it made of that."""
    p = Processing(prompt=ASKED, negative_prompt="bad")
    made = make(guard, host, p, PutsBack("sky ADDROW "))
    assert made.said == [("sky ADDROW " + GIVEN, "bad")]


class PutsBackAtTheEnd(PutsBack):
    """As the last one, when the host has its texts for the pictures already."""

    def process_batch(self, p: Any) -> None: ...

    def postprocess_batch(self, p: Any) -> None:
        super().process_batch(p)


class PutsBackInTheInfotext(PutsBack):
    """As the last one, in the texts of the pictures themselves."""

    def process_batch(self, p: Any) -> None: ...

    def postprocess_batch_list(self, p: Any) -> None:
        p.prompts[:], p.negative_prompts[:] = self.kept[0][:1], self.kept[1][:1]


@pytest.mark.parametrize("kind", [PutsBackAtTheEnd, PutsBackInTheInfotext])
def test_copies_that_are_put_back_late(guard: Guard, host: Host, kind: type[PutsBack]) -> None:
    p = Processing(prompt=HELD, negative_prompt=NEGATIVE)
    assert make(guard, host, p, kind()).said == [(HELD, STRIPPED)]


class Replaces(Neighbour):
    """Dynamic Prompts: new lists in ``process``; the job's main prompt stays the template."""

    def process(self, p: Any) -> None:
        p.all_prompts = [text.replace("{cat|dog}", "dog") for text in p.all_prompts]
        p.all_negative_prompts = list(p.all_negative_prompts)


def test_lists_that_are_replaced_before_the_plan(guard: Guard, host: Host) -> None:
    p = Processing(prompt="a {cat|dog} <lora:style:-0.9>", negative_prompt="bad")
    made = make(guard, host, p, Replaces())
    assert made.said == [("a dog <lora:style:-0.5>", "bad")]
    assert made.grid == ("a {cat|dog} <lora:style:-0.5>", "bad")


class InPlace(Neighbour):
    """Prompt postprocessor: changes the entries of the lists in ``process``, moves words."""

    def process(self, p: Any) -> None:
        for at, text in enumerate(p.all_prompts):
            p.all_prompts[at] = text.replace(" NEG:oilpaint", "")
            p.all_negative_prompts[at] += ", oilpaint"


def test_entries_that_are_changed_before_the_plan(guard: Guard, host: Host) -> None:
    p = Processing(prompt=f"{HELD} NEG:oilpaint", negative_prompt="blurry")
    made = make(guard, host, p, InPlace())
    assert made.said == [(HELD, "blurry")]
    assert made.encoded == [("a cat ", "blurry")]


class AddsLate(Neighbour):
    """LoRA Tester's way: tags into the batch's own prompts, after the plan."""

    def before_process_batch(self, p: Any) -> None:
        p.prompts[:] = [f"{text} <lora:style:-0.9>" for text in p.prompts]


def test_tags_that_are_added_after_the_plan(guard: Guard, host: Host) -> None:
    p = Processing(prompt="a cat", negative_prompt="bad")
    made = make(guard, host, p, AddsLate())
    assert made.loaded == [["-0.5"]]
    assert "<lora:style:-0.5>" in p.extra_generation_params[infotext.LATE_KEY]


class ChangesBoth(Neighbour):
    """Changes what is encoded and what is told of it, at the last moment for that."""

    def process_batch(self, p: Any) -> None:
        p.negative_prompts[:] = ["oilpaint, late"]
        p.all_negative_prompts[p.iteration] = "oilpaint, late"


@pytest.mark.parametrize("first", [False, True], ids=["after", "before"])
def test_words_that_were_really_encoded_are_told(guard: Guard, host: Host, first: bool) -> None:
    """Too late to guard them; saying that they were would be a lie."""
    p = Processing(prompt=HELD, negative_prompt=NEGATIVE)
    made = make(guard, host, p, ChangesBoth(), first=first)
    assert made.encoded == [("a cat ", "oilpaint, late")]
    assert made.said == [(HELD, "oilpaint, late")]


class Details(Neighbour):
    """ADetailer: another generation per picture, without the guard's script, and its own key."""

    def __init__(self, guard: Guard, host: Host, own_scripts: bool) -> None:
        self.guard, self.host, self.own_scripts = guard, host, own_scripts

    def process(self, p: Any) -> None:
        p.extra_generation_params["ADetailer prompt"] = "a face <lora:style:-0.9>"

    def postprocess_image(self, p: Any) -> None:
        face = Processing(prompt="a face <lora:style:-0.9>", cfg_scale=5)
        if self.own_scripts:
            make(self.guard, self.host, face, Neighbour())
        else:
            face.setup([face.prompt], [""])
            face.batch(0)
            self.host.loader.activate(face, [Params(["style", "-0.9"])])


@pytest.mark.parametrize("own_scripts", [False, True])
def test_what_is_changed_in_a_nested_picture_is_told(
    guard: Guard, host: Host, own_scripts: bool
) -> None:
    p = Processing(prompt="a cat", negative_prompt="bad", batch_size=2, n_iter=2, cfg_scale=5)
    make(guard, host, p, Details(guard, host, own_scripts))
    said = p.extra_generation_params
    assert said[infotext.NESTED_KEY] == "R1: <lora:style:-0.9> -> <lora:style:-0.5>"
    assert said["ADetailer prompt"] == "a face <lora:style:-0.9>"
    assert infotext.MODE_KEY not in said


def test_a_batch_without_nested_changes_says_none(guard: Guard, host: Host) -> None:
    class Once(Details):
        def postprocess_image(self, p: Any) -> None:
            if p.iteration == 0:
                super().postprocess_image(p)

    p = Processing(prompt="a cat", n_iter=2)
    make(guard, host, p, Once(guard, host, True))
    assert infotext.NESTED_KEY not in p.extra_generation_params


def test_the_second_pass_is_mended_too(guard: Guard, host: Host) -> None:
    class Both(PutsBack):
        def process_batch(self, p: Any) -> None:
            super().process_batch(p)
            p.all_hr_prompts[:], p.all_hr_negative_prompts[:] = [HELD], [NEGATIVE]

    p = Processing(prompt=HELD, negative_prompt=NEGATIVE, enable_hr=True)
    p.all_hr_prompts, p.all_hr_negative_prompts = [HELD], [NEGATIVE]
    make(guard, host, p, Both())
    assert (p.all_hr_prompts, p.all_hr_negative_prompts) == ([HELD], [STRIPPED])


@pytest.mark.parametrize("mode", ["Advise", "Off"])
def test_without_enforcing_nothing_is_written_again(guard: Guard, host: Host, mode: str) -> None:
    p = Processing(prompt=ASKED, negative_prompt="bad")
    guard.before_process(p, True, mode, "txt2img")
    p.setup([ASKED], ["bad"])
    p.batch(0)
    guard.before_process_batch(p, 0)
    p.all_prompts[0] = "another <lora:style:-0.9>"
    guard.write_again(p, shown=True)
    assert p.all_prompts == ["another <lora:style:-0.9>"]


def test_texts_that_nobody_changed_stay_the_same_objects(guard: Guard, host: Host) -> None:
    p = Processing(prompt=ASKED, negative_prompt="bad")
    guard.before_process(p, True, "Enforce", "txt2img")
    p.setup([ASKED], ["bad"])
    p.batch(0)
    guard.before_process_batch(p, 0)
    before = (p.all_prompts[0], p.all_negative_prompts[0], p.main_prompt)
    guard.write_again(p)
    after = (p.all_prompts[0], p.all_negative_prompts[0], p.main_prompt)
    assert all(new is old for new, old in zip(after, before, strict=True))


def test_a_failure_leaves_the_infotext_as_the_others_wrote_it(
    guard: Guard, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    p = Processing(prompt=ASKED, negative_prompt="bad")
    guard.before_process(p, True, "Enforce", "txt2img")
    p.setup([ASKED], ["bad"])
    p.batch(0)
    guard.before_process_batch(p, 0)
    p.all_prompts[0] = "another <lora:style:-0.9>"
    monkeypatch.setattr(late_texts, "plan", lambda *_: 1 / 0)
    guard.write_again(p)
    assert p.all_prompts == ["another <lora:style:-0.9>"]
