"""What inputs of panel and API ask for, and what infotexts tell of negative guidance."""

from __future__ import annotations

from typing import Any

import pytest

from lib_lora_neg.guidance import DEFAULTS, Guidance, Method
from lib_lora_neg.guidance.numbers import numbers_of
from lib_lora_neg.hosts import guidance_keys as keys
from lib_lora_neg.hosts.form_reading import FormValueError, read_form_values


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ((None, None, None), None),
        (("Off", 1.0, 1.0), None),
        (("", 2, 1), None),
        (("NAG", 0, 1), None),
        (("NAG", 1, 0), None),
        (("nag", None, None), Guidance(Method.NAG)),
        (("ONG", 1.5, 0.75), Guidance(Method.ONG, 1.5, 0.75)),
        (("VSF", 10, 1), Guidance(Method.VSF, 10.0, 1.0)),
        (("off", 1, 1, "phi 3"), None),
        (("NAG", 1, 1, "scale 5"), Guidance(Method.NAG, numbers=(("phi", 4.0),))),
        (("NAG", 1, 1, {"tau": 2}), Guidance(Method.NAG, numbers=(("tau", 2.0),))),
        (("VSF", 1, 1, "", True), Guidance(Method.VSF, several=True)),
    ],
)
def test_inputs_are_read(given: tuple[object, ...], found: Guidance | None) -> None:
    assert keys.read_guidance(*given) == found


@pytest.mark.parametrize(
    "given",
    [
        ("CFG", 1, 1),
        ("NAG", "much", 1),
        ("NAG", True, 1),
        ("NAG", 10.01, 1),
        ("NAG", -0.01, 1),
        ("NAG", float("nan"), 1),
        ("NAG", 1, 1.01),
        (7, 1, 1),
        ("NAG", 1, 1, "s 3"),
        ("NAG", 1, 1, 3),
        ("NAG", 1, 1, "", "yes"),
    ],
)
def test_what_means_nothing_is_refused(given: tuple[object, ...]) -> None:
    with pytest.raises(ValueError, match="negative guidance"):
        keys.read_guidance(*given)


@pytest.mark.parametrize("kind", ["flux", "unet"])
@pytest.mark.parametrize("method", list(Method))
@pytest.mark.parametrize(
    "more",
    [
        {},
        {"strength": 0.35, "share": 0.75},
        {"numbers": True},
        {"several": True},
        {"strength": 2.0, "numbers": True, "several": True},
    ],
)
def test_an_infotext_gives_back_what_was_asked(
    kind: str, method: Method, more: dict[str, Any]
) -> None:
    if "numbers" in more:
        more = {**more, "numbers": numbers_of(DEFAULTS["klein"][method].settings)}
    asked = Guidance(method, **more)
    told = keys.infotext_keys(asked, kind)
    assert set(told) <= set(keys.KEYS)
    given = keys.inputs_of_infotext(told)
    assert tuple(given) == keys.NAMES
    assert keys.read_guidance(*given.values()) == asked


@pytest.mark.parametrize(
    "params",
    [
        {},
        {keys.METHOD_KEY: "<b>"},
        {keys.METHOD_KEY: "NAG", keys.STRENGTH_KEY: "nan", keys.SHARE_KEY: "-1"},
        {keys.METHOD_KEY: "NAG", keys.NUMBERS_KEY: "s 3", keys.CONCEPTS_KEY: "<b>"},
        {keys.METHOD_KEY: "NAG", keys.NUMBERS_KEY: "x" * 100_000},
    ],
)
def test_a_foreign_infotext_gives_usable_values(params: dict[str, str]) -> None:
    given = keys.inputs_of_infotext(params)
    assert given["guidance"] in (keys.OFF, "NAG")
    assert (given["strength"], given["share"]) == (1.0, 1.0)
    assert (given["numbers"], given["several"]) == ("", False)


@pytest.mark.parametrize(
    ("body", "guided"), [({}, False), ({"guidance": "Off"}, False), ({"guidance": "NAG"}, True)]
)
def test_the_preview_knows_whether_the_negative_counts_at_cfg_1(
    body: dict[str, str], guided: bool
) -> None:
    assert read_form_values(body).guided is guided


def test_the_preview_refuses_a_method_that_does_not_exist() -> None:
    with pytest.raises(FormValueError, match="guidance"):
        read_form_values({"guidance": "CFG"})
