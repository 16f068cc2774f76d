"""The list of LoRAs to insert: one card each, like the WebUI's."""

from __future__ import annotations

from html import escape

from ..hosts.library import LibraryTabHost
from ..loras.card import LoraCard, LoraType
from ..prompts import format_tag

NO_LORAS = (
    '<p class="lora-neg-page-empty">No LoRA files were found. Start the page with '
    "<code>--lora-dir FOLDER</code>.</p>"
)


def cards_html(library: LibraryTabHost, tab: str) -> str:
    """Return the cards; the page's script makes them insert their text."""
    names = sorted(library.names(), key=str.lower)
    if not names:
        return NO_LORAS
    cards = "".join(_card(name, library.card(name)) for name in names)
    return (
        '<div class="lora-neg-page-lora">'
        '<input type="search" class="lora-neg-page-filter" aria-label="Filter the LoRAs" '
        'placeholder="Filter …">'
        f'<div id="{tab}_lora_cards" class="lora-neg-page-cards">{cards}</div></div>'
    )


def inserted(name: str, card: LoraCard | None) -> str:
    """Return what a card writes into the prompt: the tag and the words that switch it on."""
    weight = _weight(card)
    tag = format_tag("lora", name, weight, weight)
    words = _words(card) if card is not None else ""
    return f"{tag} {words}" if words else tag


def _weight(card: LoraCard | None) -> float:
    if card is None:
        return 1.0
    negative = card.inference.type is LoraType.DEDICATED_NEGATIVE
    return card.preferred_weight or (-1.0 if negative else 1.0)


def _words(card: LoraCard) -> str:
    # The word of a trigger negative belongs into the negative prompt, where R2 puts it.
    if card.inference.type in (LoraType.TRIGGER_NEGATIVE, LoraType.DEDICATED_NEGATIVE):
        return ""
    if card.activation_text:
        return card.activation_text
    return card.triggers[0].text if card.triggers else ""


def _card(name: str, card: LoraCard | None) -> str:
    text = inserted(name, card)
    title = card.title if card is not None and card.title else name
    search = f"{name} {title}".lower()
    return (
        f'<div class="card" data-name="{escape(name)}" data-insert="{escape(text)}" '
        f'data-search="{escape(search)}" title="Insert {escape(text)}">'
        '<div class="button-row"></div><div class="actions">'
        f'<button type="button" class="name"><bdi>{escape(name)}</bdi></button></div></div>'
    )
