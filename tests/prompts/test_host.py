"""Our readings against A1111's own functions, where ``WEBUI_ROOT`` points at its tree."""

from __future__ import annotations

import importlib.util
import os
import sys
import warnings
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings

from lib_lora_neg.prompts.brackets import read_brackets
from lib_lora_neg.prompts.reading import and_parts, attention, schedules

from .strategies import prompts, rough

pytestmark = pytest.mark.webui
STEPS = 6
within_reason = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture(scope="module")
def host() -> Any:
    """The host's module ``prompt_parser``, loaded without the host."""
    root = os.environ.get("WEBUI_ROOT")
    if not root:
        pytest.skip("WEBUI_ROOT is not set")
    pytest.importorskip("lark")
    path = Path(root) / "modules" / "prompt_parser.py"
    spec = importlib.util.spec_from_file_location("host_prompt_parser", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        if "torch" not in sys.modules:  # imported there, but not by what is called here
            patch.setitem(sys.modules, "torch", ModuleType("torch"))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # its docstrings hold bare backslashes
            spec.loader.exec_module(module)
    return module


@within_reason
@given(text=prompts() | rough())
def test_schedules(host: Any, text: str) -> None:
    # The host's ambiguous grammar reads these one way or another from start to start.
    pairs = read_brackets(text, 0, len(text)).brackets
    assume(not any(pair.is_choice and pair.locked for pair in pairs))
    for options in ({}, {"hires_steps": 4}, {"use_old_scheduling": True}):
        (expected,) = host.get_learned_conditioning_prompt_schedules([text], STEPS, **options)
        assert [list(entry) for entry in schedules(text, STEPS, **options)] == expected


@within_reason
@given(text=prompts() | rough())
def test_attention(host: Any, text: str) -> None:
    try:
        expected = host.parse_prompt_attention(text)
    except ValueError:  # a weight such as 1.2.3
        return
    assert [list(piece) for piece in attention(text)] == expected


@within_reason
@given(text=prompts())
def test_and(host: Any, text: str) -> None:
    indexes, flat, _ = host.get_multicond_prompt_list([text])
    assert and_parts(text) == [(flat[index], weight) for index, weight in indexes[0]]
