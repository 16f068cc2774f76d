"""LoRAs on a pipeline: merged into its weights as told, taken out without a trace."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from ...branches import Strengths
from ...branches.deltas import problem
from ...branches.layers import LayerDelta
from ...loras.card import LoraCard
from ...loras.families import ModelFamily
from ...policy import CardLookup
from ...prompts.blocks import block_name, read_blocks
from ...scan.ports import LoraSetting
from .deltas import TEXT_ENCODERS, ModuleKey, Network, read_network
from .errors import LoraError

MOST_KEPT = 16
"""LoRAs kept in memory; a large one takes some hundred megabytes."""

FileStamp = tuple[int, int]
WeightSources = tuple[tuple[str, FileStamp, float], ...]
"""What a weight is made of besides its own value: files with their stamps and weights."""


@dataclass
class _Touched:
    """A weight that is not its own now: what it was, and what is in it."""

    original: torch.Tensor
    recipe: WeightSources


@dataclass
class Networks:
    """The LoRAs of one pipeline.

    Every weight is always computed anew from the checkpoint's own, in float32, so what was
    loaded before leaves no trace, and taking everything out gives back the very same bytes.

    Attributes:
        pipe: a diffusers pipeline.
        family: of its checkpoint.
        cards: the LoRAs by the names that prompts use.
    """

    pipe: Any
    family: ModelFamily
    cards: CardLookup
    _known: OrderedDict[tuple[str, FileStamp], Network] = field(default_factory=OrderedDict)
    _touched: dict[ModuleKey, _Touched] = field(default_factory=dict)

    def find(self, name: str) -> LoraCard:
        """Return the card of a name.

        Raises:
            LoraError: there is none.
        """
        card = self.cards.get(name)
        if card is None or not card.path:
            raise LoraError(name, "not found in the LoRA folders")
        return card

    def network(self, name: str) -> tuple[Network, FileStamp]:
        """Return a LoRA, from its file if it was not read yet or has changed since.

        Raises:
            LoraError: it is missing, damaged or for another kind of model.
        """
        card = self.find(name)
        if ModelFamily.UNKNOWN not in (card.family, self.family) and card.family != self.family:
            raise LoraError(
                name, f"made for {card.family.value}, and this checkpoint is {self.family.value}"
            )
        path = Path(card.path)
        try:
            status = path.stat()
        except OSError as error:
            raise LoraError(name, f"cannot be read: {error.strerror or error}") from error
        key = (card.path, (status.st_mtime_ns, status.st_size))
        network = self._known.get(key)
        if network is None:
            # While it is read, the library's layers stand around the weights: these must be
            # the checkpoint's own, or a change that depends on them would be another one.
            self._restore_all()
            network = self._known[key] = read_network(self.pipe, path, name)
            while len(self._known) > MOST_KEPT:
                self._known.popitem(last=False)
        self._known.move_to_end(key)
        return network, key[1]

    def check(self, settings: Iterable[LoraSetting]) -> tuple[list[LoraSetting], list[str]]:
        """Return the settings that can be applied, and for the others what is in the way."""
        usable, problems = [], []
        for setting in settings:
            try:
                network, _ = self.network(setting.name)
            except LoraError as error:
                problems.append(str(error))
                continue
            beside = setting.branched or bool(setting.blocks)
            refused = self._branch_problem(network) if beside else ""
            if refused:
                problems.append(
                    f"LoRA {setting.name}: acts on both branches and in all blocks alike, because "
                    f"{refused}"
                )
                setting = LoraSetting(setting.name, setting.text_encoder, setting.unet)
            usable.append(setting)
            if network.unused:
                problems.append(
                    f"LoRA {setting.name}: {network.unused} of its modules have no place in this "
                    "model and are left out"
                )
        return usable, problems

    def apply(self, settings: Sequence[LoraSetting]) -> None:
        """Make the pipeline's weights those of exactly these LoRAs; none gives the checkpoint.

        A LoRA that stands twice counts with the sum of its weights.

        Raises:
            LoraError: as `network`; the weights are then the checkpoint's own.
        """
        try:
            loaded = [(setting, *self.network(setting.name)) for setting in settings]
        except LoraError:
            self._restore_all()
            raise
        wanted: dict[ModuleKey, list[tuple[Network, FileStamp, float]]] = {}
        for setting, network, stamp in loaded:
            for place in network.deltas:
                weight = setting.text_encoder if place[0] in TEXT_ENCODERS else setting.unet
                if weight:
                    wanted.setdefault(place, []).append((network, stamp, weight))
        with torch.no_grad():
            for place in [place for place in self._touched if place not in wanted]:
                self._restore(place)
            for place, parts in wanted.items():
                self._merge(place, parts)

    def branches(
        self, settings: Sequence[LoraSetting], text_encoders: bool
    ) -> dict[Any, list[LayerDelta]]:
        """Return by module what the negative branch has beside what `apply` merges.

        Args:
            settings: those that are applied.
            text_encoders: those of the text encoders, for the time when the negative prompt is
                encoded; else those of the denoiser.

        Raises:
            LoraError: as `network`.
        """
        found: dict[Any, list[LayerDelta]] = {}
        for setting in settings:
            merged = setting.text_encoder if text_encoders else setting.unet
            own = setting.negative_text_encoder if text_encoders else setting.negative_unet
            strengths = Strengths(merged, merged if own is None else own).less(merged)
            mask = read_blocks(setting.blocks) if not text_encoders else None
            if strengths.none and mask is None:
                continue
            network, _ = self.network(setting.name)
            outside = Strengths(-merged, -merged)
            for place, delta in network.deltas.items():
                if (place[0] in TEXT_ENCODERS) is not text_encoders:
                    continue
                kept = mask is None or mask.keeps(block_name(place[1]))
                if not (strengths if kept else outside).none:
                    found.setdefault(self._module(place), []).append(
                        LayerDelta(delta, strengths if kept else outside)
                    )
        return found

    def _branch_problem(self, network: Network) -> str:
        """Return why a LoRA cannot act on one branch alone; empty when it can."""
        found = (problem(delta, self._module(place)) for place, delta in network.deltas.items())
        return next(filter(None, found), "")

    def conditioning_key(
        self, settings: Sequence[LoraSetting], negative: bool = False
    ) -> WeightSources:
        """Return what of the settings changes how a prompt is encoded.

        Args:
            settings: those that are applied.
            negative: what they change beside that while the negative prompt is encoded.

        Raises:
            LoraError: as `network`.
        """
        with_text = [(setting, *self.network(setting.name)) for setting in settings]
        weights = [
            ((lora.negative_text_encoder or 0.0) - lora.text_encoder)
            if negative and lora.negative_text_encoder is not None
            else (0.0 if negative else lora.text_encoder)
            for lora, _, _ in with_text
        ]
        return tuple(
            (setting.name, stamp, weight)
            for (setting, network, stamp), weight in zip(with_text, weights, strict=True)
            if weight and network.has_text_encoder
        )

    def _merge(self, place: ModuleKey, parts: Sequence[tuple[Network, FileStamp, float]]) -> None:
        recipe = tuple((network.name, stamp, weight) for network, stamp, weight in parts)
        touched = self._touched.get(place)
        if touched is not None and touched.recipe == recipe:
            return
        weight = self._weight(place)
        if touched is None:
            # Beside a model on a GPU its originals wait in main memory, as in A1111.
            touched = self._touched[place] = _Touched(weight.detach().to("cpu", copy=True), recipe)
        merged = touched.original.to(weight.device, torch.float32, copy=True)
        for network, _, factor in parts:
            merged.add_(network.deltas[place].dense(merged), alpha=factor)
        weight.copy_(merged)
        touched.recipe = recipe

    def _restore_all(self) -> None:
        with torch.no_grad():
            for place in list(self._touched):
                self._restore(place)

    def _restore(self, place: ModuleKey) -> None:
        self._weight(place).copy_(self._touched.pop(place).original)

    def _weight(self, place: ModuleKey) -> torch.Tensor:
        weight: torch.Tensor = self._module(place).weight.data
        return weight

    def _module(self, place: ModuleKey) -> Any:
        part, name = place
        module = getattr(self.pipe, part).get_submodule(name)
        # A pipeline that came with adapters of its user's has their layers around its own.
        return getattr(module, "base_layer", module)
