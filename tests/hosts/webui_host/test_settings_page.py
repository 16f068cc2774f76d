"""The page in the host's settings: what it holds, in which order, and its reset."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from lib_lora_neg.hosts.webui import option_values, settings_page

pytest.importorskip("gradio", reason="gradio is not installed: see requirements/page-*.txt")


class Options:
    """As much of the host's options as the page meets."""

    def __init__(self) -> None:
        self.added: dict[str, Any] = {}
        self.saved = 0

    def add_option(self, key: str, info: Any) -> None:
        assert key not in self.added
        self.added[key] = info
        if hasattr(info, "default"):
            setattr(self, key, info.default)

    def set(self, key: str, value: Any) -> None:
        setattr(self, key, value)

    def save(self, _: str) -> None:
        self.saved += 1


class OptionInfo(SimpleNamespace):
    def __init__(self, default: Any, label: str, component: Any, arguments: Any, section: Any):
        super().__init__(default=default, label=label, section=section)

    def info(self, text: str) -> OptionInfo:
        self.help = text
        return self


@pytest.fixture
def options(monkeypatch: pytest.MonkeyPatch) -> Options:
    made = Options()
    modules = ModuleType("modules")
    shared = SimpleNamespace(opts=made, OptionInfo=OptionInfo, config_filename="config.json")
    modules.shared = shared  # type: ignore[attr-defined]
    free_text = SimpleNamespace(OptionHTML=lambda html: SimpleNamespace(html=html))
    monkeypatch.setitem(sys.modules, "modules", modules)
    monkeypatch.setitem(sys.modules, "modules.shared", shared)
    monkeypatch.setitem(sys.modules, "modules.options", free_text)
    settings_page.register_options()
    return made


def test_every_option_stands_on_the_page_under_a_heading_and_reset_below_them_all(
    options: Options,
) -> None:
    known = {*option_values.FLAGS, *option_values.SPANS, *option_values.CHOICES}
    assert known <= set(options.added)
    order = list(options.added)
    assert "<h3" in options.added[order[0]].html
    assert "lora_neg_reset" in options.added[order[-1]].html
    assert {info.section for info in options.added.values()} == {option_values.SECTION}


def test_reset_gives_all_of_them_their_defaults(options: Options) -> None:
    options.lora_neg_card_badges = False  # type: ignore[attr-defined]
    options.lora_neg_civitai_lookup = True  # type: ignore[attr-defined]
    options.lora_neg_budget = 5.5  # type: ignore[attr-defined]
    assert settings_page.reset_options() == 3
    assert settings_page.reset_options() == 0
    assert vars(options)["lora_neg_card_badges"] is True
    assert vars(options)["lora_neg_civitai_lookup"] is False
    assert vars(options)["lora_neg_budget"] == 2.5
    assert options.saved == 2
