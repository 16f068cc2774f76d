"""What this WebUI would make of the form of its page, without starting or loading anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ...loras.card import LoraCard
from ...loras.families import ModelFamily
from ...policy import GenerationRequest, Mode, PromptSet
from ..preview import FormValues, PreviewContext, family_of_loras
from . import capabilities, checkpoint, options
from .cards import HostCards
from .reading import injected_loras
from .tools import PageTool, cfg_tools_among, prompt_tools_among, tools_of_page


class WebuiPreview:
    """The WebUI as the live preview and the API see it."""

    def __init__(self, cards: HostCards) -> None:
        self._cards = KnownCards(cards)

    def context(
        self, form: FormValues, mode: Mode | None = None, rules: Mapping[str, Mode] | None = None
    ) -> PreviewContext:
        """Return what would be generated from ``form`` with the checkpoint that is selected."""
        mode = options.default_mode() if mode is None else mode
        if capabilities.generates_elsewhere():  # no script runs there: promise nothing
            mode = mode.at_most(Mode.ADVISE)
        settings = options.read_settings(mode, rules)
        first, hires = merge_styles(form)
        family, model = checkpoint.selected_family()
        if form.family is not None:
            family = form.family
        assumed = family is ModelFamily.UNKNOWN and model is None
        if assumed:
            if checkpoint.selected_file() is not None:  # one that says nothing, such as a GGUF
                family = checkpoint.family_of_preset()
            if family is ModelFamily.UNKNOWN:
                family = family_of_loras(first.prompts, self._cards)
        request = GenerationRequest(
            first=first,
            hires=hires,
            family=family,
            distilled=capabilities.distilled(family, checkpoint.selected_file()),
            distilled_guidance=model is not None and capabilities.distilled_guidance(model),
            embeddings=capabilities.loaded_embeddings(model) if model is not None else frozenset(),
            injected=injected_loras(),
            cfg_tools=cfg_tools_among(form.tools),
            prompt_tools=prompt_tools_among(form.tools, capabilities.reads_weight_words()),
            emphasis=options.emphasis_is_on(),
            unknown_lora_drops_all=capabilities.unknown_lora_drops_all(),
            weight_schedules=capabilities.reads_weight_schedules(),
            negative_guidance=form.guided,
        )
        return PreviewContext(form, request, settings, self._cards, family_assumed=assumed)

    def tools(self, tab: str) -> list[PageTool]:
        """Return the other tools of a tab that the guard heeds, with the input of each."""
        from modules import scripts

        return tools_of_page(
            scripts.scripts_img2img if tab == "img2img" else scripts.scripts_txt2img
        )

    def token_count(self, text: str) -> tuple[int, int] | None:
        """Return tokens of ``text`` and the size of the chunks they fill."""
        return count_tokens(checkpoint.loaded_model(), text)


class KnownCards:
    """The host's cards without any look for new files: this is asked at every keystroke."""

    def __init__(self, cards: HostCards) -> None:
        self._cards = cards

    def get(self, name: str, /) -> LoraCard | None:
        """Return the card of ``name`` if the host knows it now."""
        try:
            return self._cards.peek(name)
        except ImportError:  # the host's Lora extension is switched off
            return None

    def names(self) -> tuple[str, ...]:
        """Return the names that the host knows now."""
        try:
            return self._cards.names()
        except ImportError:
            return ()


def merge_styles(form: FormValues) -> tuple[PromptSet, PromptSet | None]:
    """Return both passes with the selected styles merged, as the host does it."""
    first, hires = form.passes()
    if not form.styles:
        return first, hires
    from modules import shared

    names = [name for name in form.styles if name in shared.prompt_styles.styles]

    def merged(texts: PromptSet) -> PromptSet:
        styles = shared.prompt_styles
        prompt = styles.apply_styles_to_prompt(texts.prompts[0], names)
        negative = styles.apply_negative_styles_to_prompt(texts.negative_prompts[0], names)
        return replace(texts, prompts=(prompt,), negative_prompts=(negative,))

    return merged(first), merged(hires) if hires is not None else None


def count_tokens(model: Any | None, text: str) -> tuple[int, int] | None:
    """Return what the host's own token counter would show, or ``None`` where it cannot."""
    count = getattr(model, "get_prompt_lengths_on_ui", None)
    try:
        if count is None:
            from modules.sd_hijack import model_hijack

            count = model_hijack.get_prompt_lengths
        tokens, size = count(text)
        return int(tokens), int(size)
    except Exception:  # another host's counter; the preview is right without it
        return None
