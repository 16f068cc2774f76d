"""Cards for tests and benchmarks."""

from __future__ import annotations

import zlib

from lib_lora_neg.loras.card import (
    DataWidth,
    LoraCard,
    LoraParts,
    LoraType,
    TagTable,
    TagTableKind,
    Trigger,
    TypeInference,
    WeightRange,
)
from lib_lora_neg.loras.families import ModelFamily

BOTH_PARTS = LoraParts(text_encoder=True, unet=True)


def card(
    name: str,
    kind: LoraType | str,
    *,
    confidence: float = 0.95,
    triggers: tuple[str, ...] = (),
    shares: dict[str, float] | None = None,
    ranges: tuple[WeightRange, ...] = (),
    family: ModelFamily = ModelFamily.UNKNOWN,
    width: DataWidth = DataWidth.UNKNOWN,
    negative_text: str = "",
    parts: LoraParts | None = BOTH_PARTS,
    preferred_weight: float | None = None,
    guard_off: bool = False,
    images: int | None = None,
) -> LoraCard:
    """Return a card with the facts that rules look at."""
    return LoraCard(
        name=name,
        path=f"{name}.safetensors",
        alias=name,
        family=family,
        parts=parts,
        inference=TypeInference(LoraType(kind), confidence, ("made for a test",)),
        triggers=tuple(Trigger(text, "test", 0.95) for text in triggers),
        tags=TagTable(TagTableKind.RICH, shares, 100) if shares is not None else TagTable(),
        image_count=images,
        data_width=width,
        preferred_weight=preferred_weight,
        negative_text=negative_text,
        ranges=ranges,
        guard_off=guard_off,
    )


KINDS = tuple(LoraType)
COMMON_NEGATIVES = ("worst quality", "blurry", "extra fingers", "monochrome", "text", "lowres")


class SyntheticCards:
    """A card for any LoRA name, of a type that depends on the name alone."""

    def __init__(self) -> None:
        self._cards: dict[str, LoraCard] = {}

    def get(self, name: str, /) -> LoraCard | None:
        if name not in self._cards:
            self._cards[name] = self._make(name)
        return self._cards[name]

    def _make(self, name: str) -> LoraCard:
        seed = zlib.crc32(name.encode("utf-8", "surrogatepass"))
        kind = KINDS[seed % len(KINDS)]
        term = COMMON_NEGATIVES[seed // 7 % len(COMMON_NEGATIVES)]
        return card(
            name,
            kind,
            triggers=(name.lower(), term) if seed % 3 else (),
            shares={term: 0.95, "bad hands": 0.8, "watermark": 0.7} if seed % 2 else None,
            family=ModelFamily.SD1,
            width=DataWidth.WIDE if seed % 5 == 0 else DataWidth.NORMAL,
            negative_text="recommended_negative" if seed % 11 == 0 else "",
        )


TYPED_CARDS = (
    card("s", "style"),
    card("o", "style"),
    card("sl", "slider"),
    card("ac", "accelerator"),
    card("p", "character"),
)
"""LoRAs of some types, by letters of them."""
