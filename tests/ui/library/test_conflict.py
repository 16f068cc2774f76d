"""Which layers of two LoRAs pull in opposite directions, as the page asks for it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lib_lora_neg.hosts.form_reading import FormValueError
from lib_lora_neg.ui.library.answers import library_answers
from tests.support.cards import card
from tests.support.library import MemoryLibrary
from tests.support.lora_factors import write_factors

MANY = [f"lora_unet_input_blocks_{n // 10}_1_proj_{n}" for n in range(40)]


@pytest.fixture
def ask(tmp_path: Path) -> Any:
    loras = []
    for name, sign, layers in (("a", 1.0, MANY), ("b", -1.0, MANY), ("c", 1.0, ["lora_unet_x"])):
        path = write_factors(tmp_path / f"{name}.safetensors", sign, layers)
        loras.append(replace(card(name, "style"), path=str(path)))
    gone = replace(card("gone", "style"), path=str(tmp_path / "gone.safetensors"))
    answer = library_answers(MemoryLibrary(*loras, gone))["library-conflict"]

    def asked(first: object, second: object) -> Any:
        return answer({"loras": [first, second]})

    return asked


def lora(name: object, weight: object = 1.0) -> dict[str, object]:
    return {"name": name, "weight": weight}


def test_the_layers_are_named_and_the_rest_counted(ask: Any) -> None:
    found = ask(lora("a", 0.8), lora("b", 0.5))
    assert found["opposed"]
    assert "a at 0.8 and b at 0.5 pull 40 of 40 common layers" in found["text"]
    assert (len(found["layers"]), found["more"]) == (12, 28)
    assert all(layer["cosine"] == -1.0 and layer["module"] in MANY for layer in found["layers"])


def test_a_negative_weight_turns_its_direction_round(ask: Any) -> None:
    found = ask(lora("a", 0.8), lora("b", -0.5))
    assert (found["opposed"], found["layers"]) == (False, [])
    assert "do not pull against each other" in found["text"]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (lora("a"), lora("a")),
        (lora("a"), lora("c")),
        (lora("a"), lora("gone")),
        (lora("a"), lora("nobody")),
        (lora("a"), lora(7)),
        (lora("a"), lora("b", "1")),
        (lora("a"), lora("b", True)),
        (lora("a"), lora("b", 1e9)),
        (lora("a"), lora("b", float("nan"))),
        (lora("a"), "b"),
    ],
)
def test_what_cannot_be_compared_is_refused(ask: Any, first: object, second: object) -> None:
    with pytest.raises(FormValueError) as refused:
        ask(first, second)
    assert "/" not in str(refused.value.message)


@pytest.mark.parametrize("loras", [None, [], [lora("a")], [lora("a")] * 3, {"a": 1}])
def test_it_takes_two(tmp_path: Path, loras: object) -> None:
    answer = library_answers(MemoryLibrary(card("a", "style")))["library-conflict"]
    with pytest.raises(FormValueError):
        answer({"loras": loras})
