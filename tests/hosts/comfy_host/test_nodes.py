"""The nodes as ComfyUI calls them, whatever other nodes hand to them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lib_lora_neg.hosts.comfy import node_card, place
from lib_lora_neg.hosts.comfy.loras import ComfyLoras
from lib_lora_neg.hosts.comfy.node_card import LoraCardNode
from lib_lora_neg.hosts.comfy.node_prompts import GuardPrompts
from lib_lora_neg.hosts.comfy.node_stack import GuardLoraStack
from lib_lora_neg.samples.files import write_lora
from lib_lora_neg.samples.loras import sample_loras


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("loras")
    for lora in sample_loras():
        write_lora(folder, lora)
    (folder / "corrupt.safetensors").write_bytes(b"\xff" * 100)
    return folder


@pytest.fixture(scope="module")
def loras(folder: Path) -> ComfyLoras:
    names = sorted(path.name for path in folder.glob("*.safetensors"))
    return ComfyLoras(
        [folder],
        lambda: names,
        lambda name: str(folder / name) if (folder / name).is_file() else None,
    )


@pytest.fixture(autouse=True)
def comfy(loras: ComfyLoras, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(place, "loras", lambda: loras)
    monkeypatch.setattr(place, "kept_settings", dict)
    monkeypatch.setattr(place, "embeddings", frozenset)


def shown(answer: dict[str, Any]) -> dict[str, Any]:
    """What the face shows, as it goes to the page."""
    (face,) = json.loads(json.dumps(answer["ui"]["lora_neg"]))
    assert set(face) == {"mode", "failure", "facts", "findings", "more"}
    return dict(face)


@pytest.mark.parametrize("stack", [None, [], (), "text", 3, {"a": 1}])
def test_what_is_no_stack_is_an_empty_one(stack: Any) -> None:
    made = GuardLoraStack().run(stack, "blurry", 9.0)
    written, negative, cfg, report = made["result"]
    assert (written, negative, cfg) == ([], "blurry", 9.0)
    assert "0 of 0" in report
    assert shown(made)["failure"] == ""


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=6,
)
ENTRIES = st.tuples(
    st.sampled_from(["none", "None", "a/b.safetensors", "corrupt.safetensors", "<lora:x:1>", ""]),
    st.floats() | st.integers(-5, 5),
    st.floats() | st.integers(-5, 5),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(ENTRIES | ANYTHING, max_size=5), st.text(max_size=30))
def test_any_stack_goes_on_with_what_is_not_the_guards(stack: list[Any], negative: str) -> None:
    made = GuardLoraStack().run(stack, negative, 9.0)
    written = made["result"][0]
    assert shown(made)["failure"] == ""
    # In their order, nothing new, and what cannot be read stays.
    waiting = list(stack)
    for entry in written:
        while waiting and waiting[0] is not entry:
            first = waiting.pop(0)
            if isinstance(entry, tuple) and isinstance(first, tuple) and entry[0] == first[0]:
                break
        else:
            assert waiting
            waiting.pop(0)


@pytest.mark.parametrize("length", [10_000, 100_000])
def test_a_very_long_text_goes_through(length: int) -> None:
    text = "a cat, " * (length // 7)
    made = GuardPrompts().run(text, text, 9.0, "sd1")
    assert made["result"][:2] == (text, text)
    shown(made)


def test_the_face_holds_no_more_than_a_page_can_show() -> None:
    text = " ".join(f"<lora:unknown{n}:-9>" for n in range(300))
    made = GuardPrompts().run(text, "", 9.0, "sd1")
    face = shown(made)
    assert len(face["findings"]) + face["more"] >= 300
    assert len(json.dumps(face)) < 200_000
    # The report has them all.
    assert "unknown299" in made["result"][-1]


def test_a_corrupt_file_has_a_card_that_says_so() -> None:
    made = LoraCardNode().run("corrupt.safetensors", "sd1")
    assert made["result"][1] == 0.0
    assert "!" in made["result"][-1]


def test_a_lora_that_is_not_there_is_an_error_with_its_name() -> None:
    with pytest.raises(ValueError, match="gone"):
        LoraCardNode().run("gone.safetensors", "sd1")


def test_every_output_of_a_card_has_its_name() -> None:
    name = place.loras().names()[0]
    made = LoraCardNode().run(f"{name}.safetensors", "sd1")
    assert len(made["result"]) == len(node_card.LoraCardNode.RETURN_TYPES)
    assert len(LoraCardNode.RETURN_NAMES) == len(LoraCardNode.RETURN_TYPES)
