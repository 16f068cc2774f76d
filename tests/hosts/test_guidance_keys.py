"""What inputs of panel and API ask for, and what infotexts tell of negative guidance."""

from __future__ import annotations

import pytest

from lib_lora_neg.guidance import Guidance, Method
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
    ],
)
def test_inputs_are_read(given: tuple[object, ...], found: Guidance | None) -> None:
    assert keys.asked(*given) == found


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
    ],
)
def test_what_means_nothing_is_refused(given: tuple[object, ...]) -> None:
    with pytest.raises(ValueError, match="negative guidance"):
        keys.asked(*given)


@pytest.mark.parametrize("kind", ["flux", "unet"])
@pytest.mark.parametrize("method", list(Method))
@pytest.mark.parametrize(("strength", "share"), [(1.0, 1.0), (0.35, 0.75)])
def test_an_infotext_gives_back_what_was_asked(
    kind: str, method: Method, strength: float, share: float
) -> None:
    asked = Guidance(method, strength, share)
    given = keys.pasted(keys.written(asked, kind))
    assert keys.asked(given["guidance"], given["strength"], given["share"]) == asked


@pytest.mark.parametrize(
    "params",
    [
        {},
        {keys.METHOD_KEY: "<b>"},
        {keys.METHOD_KEY: "NAG", keys.STRENGTH_KEY: "nan", keys.SHARE_KEY: "-1"},
    ],
)
def test_a_foreign_infotext_gives_usable_values(params: dict[str, str]) -> None:
    given = keys.pasted(params)
    assert given["guidance"] in (keys.OFF, "NAG")
    assert (given["strength"], given["share"]) == (1.0, 1.0)


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
