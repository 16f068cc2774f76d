"""One LoRA, two strengths in the WebUI: what the negative branch has beside what is merged.

The host loads a tag's own weights into both branches, as it always does. What it loads passes the
loader, so that is where the strengths of the negative branch are read from; they act while the
negative prompt is encoded and in the rows of the negative evaluation, and are gone when anything
else is loaded, or the generation ends.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from ...branches import Branch, Strengths
from ...prompts import parse
from ...prompts.blocks import block_name, read_blocks
from ...prompts.tags import NetworkTag
from ...scan.ports import LoraSetting
from .. import branch_keys
from .branch_rows import order, rows_from_options

OnRefusal = Callable[[Any, str], None]


@dataclass
class _Loaded:
    """What the host has loaded, as far as its negative branch differs.

    Attributes:
        settings: of the LoRAs with strengths of their own there.
        refused: names of those that act on both branches alike after all, with the reason.
        text: taken over of the text encoders.
        unet: of the denoiser, for the pass that is sampled.
        undo: what else is to be undone, for the text encoders.
        undo_unet: likewise, for the denoiser.
    """

    settings: tuple[LoraSetting, ...] = ()
    refused: dict[str, str] = field(default_factory=dict)
    text: Any = None
    unet: Any = None
    undo: list[Callable[[], None]] = field(default_factory=list)
    undo_unet: list[Callable[[], None]] = field(default_factory=list)

    def detach(self) -> None:
        """Give everything back."""
        self.leave_unet()
        if self.text is not None:
            self.text.detach()
        self.text = None
        while self.undo:
            self.undo.pop()()

    def leave_unet(self) -> None:
        """Give the denoiser back."""
        if self.unet is not None:
            self.unet.detach()
        self.unet = None
        while self.undo_unet:
            self.undo_unet.pop()()


class Branches:
    """The negative branch's own strengths, of one generation at a time.

    Args:
        say: tells people something about a generation.
    """

    def __init__(self, say: OnRefusal) -> None:
        self._say_to = say
        self._said: set[str] = set()
        self._state = _Loaded()

    def begin(self, p: Any) -> None:
        """Begin a generation: nothing is left of an earlier one."""
        self.detach()
        self._said.clear()
        _forget_keys(p)

    def detach(self) -> None:
        """Give everything back; safe to call again."""
        before, self._state = self._state, _Loaded()
        before.detach()

    def loaded(self, p: Any, params_list: Sequence[Any]) -> None:
        """Note what the host has just loaded, and take its text encoders over where they differ.

        Args:
            p: the host's processing object, or its stand-in while a checkpoint is loaded.
            params_list: of the LoRAs, as the host has read them.
        """
        self.detach()
        if not params_list or not getattr(p, "all_prompts", None):
            return
        settings, faults = _read(tags_of(params_list))
        for fault in faults:
            self._say(p, fault)
        if settings:
            self._state = _Loaded(settings)
            _encode_negatives_apart(p.sd_model, self._state)
            self._say_refused(p)

    def before_sampling(self, p: Any) -> None:
        """Take the denoiser over for the pass that is about to be sampled."""
        state = self._state
        state.leave_unet()
        _forget_keys(p)
        cfg = _cfg_of_pass(p)
        if not state.settings:
            return
        _take_denoiser(p, state, cfg)
        self._say_refused(p)
        acting = [lora for lora in state.settings if lora.name not in state.refused]
        p.extra_generation_params.update(branch_keys.infotext_keys(acting, cfg))

    def after_sampling(self, p: Any) -> None:
        """Say what went wrong in a batch, before its infotexts are written."""
        for attachment in (self._state.text, self._state.unet):
            if attachment is not None and attachment.failure:
                _forget_keys(p)
                self._say(p, f"neg= and blocks= failed, and had no effect: {attachment.failure}")

    def end(self, p: Any) -> None:
        """End a generation, and say what went wrong in it."""
        self.after_sampling(p)
        self.detach()

    def _say_refused(self, p: Any) -> None:
        for name, reason in self._state.refused.items():
            self._say(p, f"LoRA {name} acts on both branches and in all blocks alike: {reason}")

    def _say(self, p: Any, text: str) -> None:
        if text not in self._said:
            self._said.add(text)
            self._say_to(p, text)


def _read(tags: Iterable[NetworkTag]) -> tuple[tuple[LoraSetting, ...], list[str]]:
    found, faults = [], []
    for tag in tags:
        if tag.te.value is None or tag.unet.value is None:
            continue
        setting = LoraSetting(tag.name, tag.te.value, tag.unet.value, *(tag.branches or ()))
        if tag.branched and tag.branches is None:
            faults.append(f"LoRA {tag.name}: neg is no strength, so it acts on both branches alike")
        if tag.blocks and read_blocks(tag.blocks) is None:
            faults.append(f"LoRA {tag.name}: blocks {tag.blocks} name no blocks; it acts in all")
        elif tag.blocks:
            setting = replace(setting, blocks=tag.blocks)
        if setting.branched or setting.blocks:
            found.append(setting)
    return tuple(found), faults


def _forget_keys(p: Any) -> None:
    for key in branch_keys.KEYS:
        p.extra_generation_params.pop(key, None)


def tags_of(params_list: Sequence[Any]) -> list[NetworkTag]:
    """Return the tags that the host's parameters were read from."""
    texts = ("<lora:" + ":".join(map(str, params.items)) + ">" for params in params_list)
    return [tag for text in texts for tag in parse(text).tags[:1]]


def _cfg_of_pass(p: Any) -> float:
    if getattr(p, "is_hr_pass", False):
        own = getattr(p, "hr_cfg", None)
        if own is not None and own > 0:
            return float(own)
    return float(p.cfg_scale)


def _parts(
    sd_model: Any, state: _Loaded, text: bool, both_alike: bool = False
) -> tuple[dict[Any, Any], dict[Any, Any]]:
    """Return what each branch has beside the weights; note what cannot have it.

    Args:
        sd_model: of the host.
        state: what is loaded.
        text: of the text encoders; else of the denoiser.
        both_alike: there is no negative branch (CFG 1), so that blocks alone count.
    """
    from ...branches.deltas import BranchError
    from ...branches.layers import LayerDelta
    from .branch_layers import changes_of

    layers: dict[Any, list[LayerDelta]] = {}
    attentions: dict[Any, dict[str, list[LayerDelta]]] = {}
    for lora in state.settings:
        if lora.name in state.refused:
            continue
        try:
            found = changes_of(sd_model, lora.name)
        except BranchError as error:
            state.refused[lora.name] = str(error)
            continue
        changes = found.text if text else found.unet
        own = lora.negative_text_encoder if text else lora.negative_unet
        merged = lora.text_encoder if text else lora.unet
        own = merged if own is None or both_alike else own
        strengths, outside = Strengths(0.0, own - merged), Strengths(-merged, -merged)
        mask = None if text else read_blocks(lora.blocks)
        if strengths.none and mask is None:
            continue
        for layer, deltas in changes.layers.items():
            kept = mask is None or mask.keeps(block_name(changes.names[layer]))
            beside = strengths if kept else outside
            if beside.none:
                continue
            parts = [LayerDelta(delta, beside, outputs) for delta, outputs in deltas]
            layers.setdefault(layer, []).extend(parts)
        for attention, by_projection in changes.attentions.items():
            for projection, delta in by_projection.items():
                into = attentions.setdefault(attention, {}).setdefault(projection, [])
                into.append(LayerDelta(delta, strengths))
    return layers, attentions


def _attached(state: _Loaded, layers: dict[Any, Any], attentions: dict[Any, Any]) -> Any:
    """Take layers over; where that is refused, nobody has strengths of their own."""
    from ...branches.attachment import Attachment
    from ...branches.deltas import BranchError

    if not layers and not attentions:
        return None
    try:
        return Attachment(layers, attentions)
    except BranchError as error:
        state.refused.update((lora.name, str(error)) for lora in state.settings)
        return None


@contextmanager
def kept_to_blocks(sd_model: Any, loras: Iterable[LoraSetting]) -> Iterator[None]:
    """Keep LoRAs that the host has loaded to their blocks, in whatever is evaluated inside.

    Raises:
        BranchError: that cannot be done with one of them; the text names it.
    """
    from ...branches.deltas import BranchError

    state = _Loaded(tuple(lora for lora in loras if lora.blocks))
    state.unet = _attached(state, *_parts(sd_model, state, text=False, both_alike=True))
    for name, reason in state.refused.items():
        state.detach()
        raise BranchError(f"LoRA {name} cannot be kept to its blocks: {reason}")
    if state.unet is None:
        yield
        return
    try:
        with state.unet.encoding(Branch.COND):
            yield
        if state.unet.failure:
            raise BranchError(f"its LoRAs were not kept to their blocks: {state.unet.failure}")
    finally:
        state.detach()


def _encode_negatives_apart(sd_model: Any, state: _Loaded) -> None:
    """Let the host encode negative prompts with the strengths that they have."""
    state.text = attachment = _attached(state, *_parts(sd_model, state, text=True))
    if attachment is None:
        return
    original = sd_model.get_learned_conditioning
    before = vars(sd_model).get("get_learned_conditioning")

    def get_learned_conditioning(texts: Any) -> Any:
        if not getattr(texts, "is_negative_prompt", False):
            return original(texts)
        with attachment.encoding(Branch.UNCOND):
            return original(texts)

    sd_model.get_learned_conditioning = get_learned_conditioning

    def undo() -> None:
        if vars(sd_model).get("get_learned_conditioning") is not get_learned_conditioning:
            return
        if before is None:
            del sd_model.get_learned_conditioning
        else:
            sd_model.get_learned_conditioning = before

    state.undo.append(undo)


def _take_denoiser(p: Any, state: _Loaded, cfg: float) -> None:
    """Take the denoiser over, and learn which rows of its calls belong to which branch."""
    parts = _parts(p.sd_model, state, text=False, both_alike=cfg == 1)
    state.unet = _attached(state, *parts)
    if state.unet is None:
        return
    objects = getattr(p.sd_model, "forge_objects", None)
    if objects is not None:
        state.unet.watch(objects.unet.model.diffusion_model, rows_from_options)
        return
    from modules import script_callbacks

    order.reset()
    script_callbacks.on_cfg_denoiser(order.note)
    state.undo_unet.append(lambda: script_callbacks.remove_callbacks_for_function(order.note))
    state.unet.watch(p.sd_model.model.diffusion_model, order.rows)
