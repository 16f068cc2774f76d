"""The glue between a WebUI's generation and negative guidance: axes, settings, several concepts."""

from __future__ import annotations

import copy
import sys
import threading
from collections.abc import Sequence
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("torch")

from lib_lora_neg.guidance import Guidance, Method
from lib_lora_neg.guidance.numbers import read_numbers
from lib_lora_neg.hosts.webui import guidance, script, xyz
from tests.hosts.plot_standins import Plot, asked
from tests.hosts.standins import Host

METHOD = "[LoRA Neg] Guidance method"
STRENGTH = "[LoRA Neg] Guidance strength"
SHARE = "[LoRA Neg] Guidance share"
NUMBERS = "[LoRA Neg] Guidance numbers"


def begun(p: Any, *given: object) -> Guidance | None:
    """Return the guidance of a generation that is begun with arguments of the script."""
    script._begin_guidance(p, (*given, *[None] * (5 - len(given))))
    found = getattr(p, guidance.ATTRIBUTE)
    assert found is None or isinstance(found, Guidance)
    return found


# ---- what a generation asks for -------------------------------------------------------------


def test_what_a_request_leaves_out_has_the_user_s_default(host: Host) -> None:
    assert begun(asked("a")) is None
    host.opts.lora_neg_guidance = "VSF"
    host.opts.lora_neg_guidance_strength = 0.5
    host.opts.lora_neg_guidance_share = 0.75
    assert begun(asked("a")) == Guidance(Method.VSF, 0.5, 0.75)
    assert begun(asked("a"), None, 2.0) == Guidance(Method.VSF, 2.0, 0.75)
    assert begun(asked("a"), "Off") is None
    assert begun(asked("a"), "NAG", 1.0, 1.0) == Guidance(Method.NAG)


def test_what_means_nothing_is_said(host: Host) -> None:
    p = asked("a")
    assert begun(p, "NAG", 1.0, 1.0, "s 3") is None
    [said] = p.comments
    assert "negative guidance is off" in said


# ---- the axes ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("axis", "text", "found"),
    [
        (METHOD, "off, NAG, vsf", [None, Guidance(Method.NAG), Guidance(Method.VSF)]),
        (STRENGTH, "0, 0.5, 10", [None, Guidance(Method.ONG, 0.5), Guidance(Method.ONG, 10.0)]),
        (SHARE, "0.5, 1", [Guidance(Method.ONG, share=0.5), Guidance(Method.ONG)]),
        (
            NUMBERS,
            "default, lambda 2; tau 1",
            [
                Guidance(Method.ONG),
                Guidance(Method.ONG, numbers=read_numbers(Method.ONG, "lambda 2, tau 1")),
            ],
        ),
    ],
)
def test_a_cell_is_guided_as_its_axis_says(
    plot: Plot, axis: str, text: str, found: list[Guidance | None]
) -> None:
    p = asked("a cat")
    assert [begun(cell, "ONG") for cell in plot.cells(p, axis, text)] == found
    assert begun(p, "ONG") == Guidance(Method.ONG)


def test_axes_add_up(plot: Plot) -> None:
    p = asked("a cat")
    drawn: list[Guidance | None] = []
    plot.run(p, {METHOD: "NAG, VSF", STRENGTH: "0.5, 2"}, lambda cell: drawn.append(begun(cell)))
    assert drawn == [
        Guidance(method, strength) for strength in (0.5, 2.0) for method in (Method.NAG, Method.VSF)
    ]


def test_an_axis_without_a_method_is_said(plot: Plot) -> None:
    [cell] = plot.cells(asked("a cat"), STRENGTH, "0.5")
    assert begun(cell, "Off") is None
    assert "no method" in cell.comments[0]


@pytest.mark.parametrize(
    ("axis", "text"),
    [
        (METHOD, "CFG"),
        (STRENGTH, "much"),
        (STRENGTH, "10.01"),
        (STRENGTH, "-0.01"),
        (STRENGTH, "nan"),
        (SHARE, "1.01"),
        (NUMBERS, "q 3"),
        (NUMBERS, "phi"),
    ],
)
def test_what_cannot_be_plotted_is_refused(plot: Plot, axis: str, text: str) -> None:
    with pytest.raises(ValueError, match="guidance"):
        plot.values(asked("a cat"), axis, text)


def test_labels_and_choices(plot: Plot) -> None:
    p = asked("a")
    assert plot.option(METHOD).choices() == ["Off", "NAG", "VSF", "ONG"]
    assert plot.labels(p, METHOD, "nag") == ["Guidance: NAG"]
    assert plot.labels(p, STRENGTH, "1.5") == ["Guidance × 1.5"]
    assert plot.labels(p, SHARE, "0.75") == ["Guidance in 75% of the steps"]
    assert plot.labels(p, NUMBERS, "default, phi 3; tau 2") == [
        "the model's default",
        "phi 3; tau 2",
    ]
    assert xyz.PREFIX in NUMBERS


# ---- several concepts ----------------------------------------------------------------------


class Encoded(ModuleType):
    """The host's module of prompts; says what is encoded."""

    def __init__(self) -> None:
        super().__init__("modules.prompt_parser")
        self.asked: list[list[str]] = []
        self.SdConditioning = lambda texts, **more: SimpleNamespace(texts=texts, **more)

    def get_learned_conditioning(self, model: Any, told: Any, *steps: int) -> list[str]:
        self.asked.append(list(told.texts))
        return list(told.texts)


@pytest.fixture
def prompts(host: Host, monkeypatch: pytest.MonkeyPatch) -> Encoded:
    import modules

    made = Encoded()
    monkeypatch.setattr(modules, "prompt_parser", made, raising=False)
    monkeypatch.setitem(sys.modules, "modules.prompt_parser", made)
    return made


def processing(texts: Sequence[str], **more: Any) -> Any:
    fields = {"uc": None, "width": 64, "height": 64, "steps": 4, "sd_model": None, **more}
    return SimpleNamespace(negative_prompts=list(texts), **fields)


def test_each_concept_is_encoded_for_all_pictures(prompts: Encoded) -> None:
    p = processing(["cars AND people", "dogs AND fog"])
    found = guidance._negatives(p, Guidance(Method.NAG, several=True))
    assert found == prompts.asked == [["cars", "dogs"], ["people", "fog"]]


@pytest.mark.parametrize("several", [False, True])
def test_what_the_host_has_encoded_is_taken(prompts: Encoded, several: bool) -> None:
    p = processing(["cars"], uc="encoded")
    assert guidance._negatives(p, Guidance(Method.NAG, several=several)) == ["encoded"]
    assert prompts.asked == []


def test_the_host_s_own_encoding_has_all_concepts_in_one(prompts: Encoded) -> None:
    p = processing(["cars AND people"], uc="encoded")
    assert guidance._negatives(p, Guidance(Method.NAG)) == ["encoded"]
    assert guidance._negatives(p, Guidance(Method.NAG, several=True)) == [["cars"], ["people"]]


def test_pictures_with_different_numbers_of_concepts(prompts: Encoded) -> None:
    p = processing(["cars AND people", "dogs"])
    assert guidance._negatives(p, Guidance(Method.NAG)) == [["cars AND people", "dogs"]]
    with pytest.raises(ValueError, match="different numbers of concepts: 1, 2"):
        guidance._negatives(p, Guidance(Method.NAG, several=True))


# ---- the texts of a step -------------------------------------------------------------------


def scheduled(*parts: tuple[int, int]) -> list[Any]:
    """Return a schedule of (last step, number of tokens); each text is filled with its number."""
    torch = pytest.importorskip("torch")
    return [
        SimpleNamespace(end_at_step=end, cond=torch.full((tokens, 4), float(number)))
        for number, (end, tokens) in enumerate(parts)
    ]


@pytest.mark.parametrize(
    ("step", "tokens", "filled"), [(0, 3, 0), (5, 3, 0), (6, 5, 1), (20, 5, 1), (21, 3, 0)]
)
@pytest.mark.parametrize("as_mapping", [False, True])
def test_a_schedule_s_texts_may_have_different_lengths(
    step: int, tokens: int, filled: float, as_mapping: bool
) -> None:
    schedule = scheduled((5, 3), (20, 5))
    if as_mapping:
        for entry in schedule:
            entry.cond = {"crossattn": entry.cond, "vector": None}
    p = SimpleNamespace(sampler=SimpleNamespace(model_wrap_cfg=SimpleNamespace(step=step)))
    [text] = guidance._Negatives(p, [[schedule]]).texts(2)
    assert text.shape == (2, tokens, 4)
    assert (text == filled).all()


@pytest.mark.parametrize("leading", [False, True])
def test_shorter_negatives_of_a_batch_repeat_their_end(leading: bool) -> None:
    pytest.importorskip("torch")
    from lib_lora_neg.guidance.ownership import GuidanceError

    concept = [scheduled((9, 2)), scheduled((1, 1), (9, 4))]
    if leading:  # Krea 2's text encoder
        for entry in concept[0] + concept[1]:
            entry.cond = entry.cond[None]
    p = SimpleNamespace(sampler=SimpleNamespace(model_wrap_cfg=SimpleNamespace(step=3)))
    negatives = guidance._Negatives(p, [concept, concept[:1]])
    both, one = negatives.texts(2)
    assert both.shape == ((2, 1, 4, 4) if leading else (2, 4, 4))
    assert both[..., 0].flatten(1).tolist() == [[0.0] * 4, [1.0] * 4]
    assert one.shape == ((2, 1, 2, 4) if leading else (2, 2, 4))
    with pytest.raises(GuidanceError, match="2 negative prompts for 3 pictures"):
        negatives.texts(3)


# ---- what comes in the way -----------------------------------------------------------------


def test_a_problem_that_comes_late_takes_the_infotext_back(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    p = SimpleNamespace(extra_generation_params={"Seed": 1}, sd_model=None)
    guidance.begin(p, Guidance(Method.NAG, share=0.5))
    monkeypatch.setattr(guidance, "_kind_of", lambda _: ("flux", ""))
    assert guidance.before_batch(p) == ""
    assert "LoRA Neg guidance share" in p.extra_generation_params
    monkeypatch.setattr(guidance, "_kind_of", lambda _: ("", "another tool"))
    guidance.before_sampling(p, said.append)
    assert said == ["another tool"]
    assert p.extra_generation_params == {"Seed": 1}


@pytest.mark.parametrize(("kind", "place"), [("flux", "dit"), ("klein", "dit"), ("unet", "attn2")])
def test_patches_of_another_tool_are_said_once_and_the_picture_goes_on(
    host: Host, kind: str, place: str
) -> None:
    torch = pytest.importorskip("torch")
    said: list[str] = []
    p = SimpleNamespace(sampler=None)
    wrapper = guidance._Wrapper(p, Guidance(Method.NAG), kind, None, None, said.append)
    text = torch.zeros(1, 3, 4)
    options = {"patches_replace": {place: {("double_block", 0): print}}}
    told = {
        "input": torch.ones(1, 4, 2, 2),
        "timestep": torch.ones(1),
        "c": {"c_crossattn": text, "transformer_options": options},
        "cond_or_uncond": [0],
    }
    asked_for: list[Any] = []

    def apply_model(x: Any, t: Any, **c: Any) -> Any:
        asked_for.append(c["c_crossattn"])
        return x

    for _ in range(2):
        assert wrapper(apply_model, told) is told["input"]
    assert all(found is text for found in asked_for)
    assert len(said) == 1
    assert "another tool" in said[0]


def test_the_model_s_options_can_be_copied_while_it_is_wrapped(host: Host) -> None:
    p = SimpleNamespace(lock=threading.Lock())
    wrapper = guidance._Wrapper(p, Guidance(Method.NAG), "flux", None, None, print)
    options = copy.deepcopy({guidance.WRAPPER: wrapper, "transformer_options": {}})
    assert options[guidance.WRAPPER] is wrapper
    assert not guidance._is_foreign(options[guidance.WRAPPER])


def test_guidance_that_fails_is_said_and_the_picture_goes_on(host: Host) -> None:
    torch = pytest.importorskip("torch")
    said: list[str] = []
    p = SimpleNamespace(sampler=None)
    wrapper = guidance._Wrapper(p, Guidance(Method.NAG), "flux", None, None, said.append)
    told = {"input": torch.ones(1, 4), "timestep": None, "c": {}, "cond_or_uncond": [0]}
    for _ in range(2):
        assert wrapper(lambda x, t, **c: x, told) is told["input"]
    assert len(said) == 1
    assert "KeyError" in said[0]
