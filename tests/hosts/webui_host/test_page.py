"""What the WebUI tells its page: other tools on it, and its language."""

from __future__ import annotations

import types
from typing import Any

import pytest

from lib_lora_neg.hosts.form_reading import FormValueError, read_form_values
from lib_lora_neg.hosts.preview import FormValues
from lib_lora_neg.hosts.webui import language, tools
from lib_lora_neg.hosts.webui.tools import PageTool
from lib_lora_neg.policy import Effect
from tests.hosts.standins import Host


class Script:
    def __init__(self, title: str, start: int, end: int) -> None:
        self._title = title
        self.args_from, self.args_to = start, end

    def title(self) -> str:
        return self._title


def component(value: object, elem_id: str | None = None, number: int = 7, **more: Any) -> Any:
    return types.SimpleNamespace(value=value, elem_id=elem_id, _id=number, **more)


RESCALE = component(0.0, "txt2img_rescale_cfg_scale", step=0.05)
"""As in Neo: a slider that does nothing at 0."""


def test_tools_of_the_page_are_named_with_their_checkbox() -> None:
    runner = types.SimpleNamespace(
        inputs=[
            None,
            component(False, "thresholding-checkbox"),
            component(1.0),
            component(True),
            RESCALE,
            component("text"),
        ],
        alwayson_scripts=[
            Script("DynamicThresholding (CFG-Fix) Integrated", 1, 3),
            Script("RescaleCFG for reForge", 3, 4),
            Script("RescaleCFG", 4, 5),
            Script("NegPiP", 5, 6),
            Script("Somebody's own", 1, 2),
        ],
    )
    assert tools.tools_of_page(runner) == [
        PageTool("Dynamic Thresholding", "thresholding-checkbox"),
        PageTool("RescaleCFG", "component-7"),
        PageTool("RescaleCFG", "txt2img_rescale_cfg_scale", 0.05),
        PageTool("negpip", None),
    ]


@pytest.mark.parametrize(
    ("title", "value", "switch", "name"),
    [
        ("RescaleCFG", 0.0, RESCALE, None),
        ("RescaleCFG", 0, RESCALE, None),
        ("RescaleCFG", 0.049, RESCALE, None),
        ("RescaleCFG", 0.05, RESCALE, "RescaleCFG"),
        ("RescaleCFG", 0.7, RESCALE, "RescaleCFG"),
        ("RescaleCFG", 0.0, None, None),
        ("RescaleCFG", 0.01, None, "RescaleCFG"),
        ("RescaleCFG for reForge", False, None, None),
        ("RescaleCFG for reForge", True, None, "RescaleCFG"),
        ('"APG\'s now your CFG" and Guidance Limiter for reForge', True, None, "APG"),
        ('"APG\'s now your CFG" and Guidance Limiter for reForge', False, None, None),
        ("MaHiRo", True, None, "MaHiRo"),
    ],
)
def test_a_tool_counts_from_the_hosts_own_threshold_on(
    title: str, value: object, switch: Any, name: str | None
) -> None:
    runner = types.SimpleNamespace(
        alwayson_scripts=[Script(title, 1, 2)], inputs=[None, switch] if switch else None
    )
    request = types.SimpleNamespace(scripts=runner, script_args=[0, value])

    assert tools.active_tools(request) == ([name] if name else [])


def test_a_page_without_scripts_has_no_tools() -> None:
    assert tools.tools_of_page(types.SimpleNamespace()) == []


def test_only_tools_that_are_known_count() -> None:
    names = ["negpip", "MaHiRo", "a lie", "MaHiRo"]
    assert tools.cfg_tools_among(names) == ("MaHiRo",)
    assert tools.prompt_tools_among(names) == {"negpip"}


@pytest.mark.parametrize(("words", "there"), [(None, True), (True, True), (False, False)])
def test_a_tool_that_reads_words_is_none_where_the_loader_fails_on_them(
    words: bool | None, there: bool
) -> None:
    found = tools.prompt_tools_among(["negpip", "lora-block-weight"], words)
    assert found == {"negpip", "lora-block-weight"} if there else found == {"negpip"}


def test_the_page_says_which_tools_are_on() -> None:
    assert read_form_values({"tools": ["MaHiRo"]}).tools == ("MaHiRo",)
    assert read_form_values({}) == FormValues()
    for wrong in ("MaHiRo", [1], ["x"] * 51):
        with pytest.raises(FormValueError, match="tools"):
            read_form_values({"tools": wrong})


def test_a_tool_that_changes_cfg_makes_r3_advise() -> None:
    from lib_lora_neg.loras.families import ModelFamily
    from lib_lora_neg.policy import GenerationRequest, PromptSet, plan
    from tests.support.cards import card
    from tests.support.sentences import fields

    cards = {"x": card("x", "style", family=ModelFamily.SDXL)}
    request = GenerationRequest(
        PromptSet(("<lora:x:-0.4>",), ("",), 9.0), family=ModelFamily.SDXL, cfg_tools=("MaHiRo",)
    )
    (found,) = [f for f in plan(request, cards).findings if f.rule == "R3"]
    assert found.effect is Effect.ADVISED
    assert fields(found.reason)["tools"] == "MaHiRo"


@pytest.mark.parametrize(
    ("chosen", "said"),
    [("ja_JP", "画風"), ("zh_CN", "风格"), ("None", "style"), ("../../etc/passwd", "style")],
)
def test_the_language_is_the_hosts(host: Host, chosen: str, said: str) -> None:
    host.opts.localization = chosen
    assert language.words()("style") == said
