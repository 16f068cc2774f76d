"""A generation being planned: the request's texts with what the rules have decided so far."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from ..loras.card import LoraCard
from ..prompts import Match, NetworkTag, Prompt, Rewrite, apply_edits, format_tag
from .model import CardLookup, Choice, Effect, Field, Finding, GenerationRequest
from .options import Mode, RuleOptions


@dataclass(frozen=True)
class LoraUse:
    """One LoRA in one prompt.

    Attributes:
        name: as the prompt has it.
        card: what is known of it; ``None`` for a name the host does not know.
        tag: its tag in the text; ``None`` if the host injects it or a rule moves it in.
        te: text-encoder weight as decided so far; ``None`` if scheduled or no number.
        unet: unet weight, likewise.
        injected_at: the weight at which the host adds it by itself; ``None`` if it does not.
        removed: a rule took it out.
        dropped: the host loads none of this prompt's tags, so it is not active.
        guard: the ``guard`` argument of the tag it had in the negative prompt, which moves along.
        exempt_rules: ids of the rules that its tag exempts it from (``guard=-R3``).
        neg: unet weight on the negative branch, as decided so far; ``None`` where it has one
            weight for both.
        negte: text-encoder weight while the negative prompt is encoded, likewise.
        blocks: a mask of blocks that a rule gives it; empty for what stands in its tag.
    """

    name: str
    card: LoraCard | None
    tag: NetworkTag | None
    te: float | None
    unet: float | None
    injected_at: float | None = None
    removed: bool = False
    dropped: bool = False
    guard: str = ""
    exempt_rules: frozenset[str] = frozenset()
    neg: float | None = None
    negte: float | None = None
    blocks: str = ""

    @property
    def branched(self) -> bool:
        """Whether the negative branch has weights of its own."""
        return self.neg is not None and self.negte is not None

    def unet_reaching(self, cfg: float | None) -> float | None:
        """Return the unet weight that acts on the picture at a CFG scale, to first order."""
        if not self.branched or cfg is None or self.te is None or self.unet is None:
            return self.unet
        return reaching(self.unet, self.neg or 0.0, cfg)

    @property
    def exempt(self) -> bool:
        """Whether the user exempted it from every rule (``guard=off``)."""
        tag_says = self.tag is not None and self.tag.guard_off
        return tag_says or (self.card is not None and self.card.guard_off)

    def exempt_from(self, rule: str) -> bool:
        """Whether the user exempted it from ``rule``, or from every one."""
        return rule in self.exempt_rules or self.exempt

    @property
    def written(self) -> bool:
        """Whether the guarded prompt holds a tag of it, as far as is decided.

        A LoRA that the host adds by itself gets one where a rule has changed its weights.
        """
        if self.tag is not None or self.injected_at is None:
            return True
        return (self.te, self.unet) != (self.injected_at, self.injected_at)

    @property
    def in_force(self) -> bool:
        """Whether it takes part in the picture: not taken out, not dropped by the host."""
        return not self.removed and not self.dropped

    def guarded_by(self, rule: str) -> bool:
        """Whether ``rule`` may look at it: known, in force and not exempt."""
        return self.card is not None and self.in_force and not self.exempt_from(rule)

    @property
    def positive(self) -> bool:
        """Whether it is active at a positive weight (the unet's, or the te's if that is 0)."""
        return self.in_force and (self.unet or self.te or 0.0) > 0.0

    @property
    def negative_unet(self) -> bool:
        """Whether its unet weight is below zero."""
        return self.in_force and self.unet is not None and self.unet < 0.0

    @property
    def identity(self) -> str:
        """What makes two uses the same LoRA."""
        return self.card.identity if self.card is not None else self.name


@dataclass(frozen=True)
class TextDraft:
    """One text of the request with what is to become of it.

    Attributes:
        field: which input it is.
        index: which picture of the batch.
        tree: the text, parsed.
        uses: the LoRAs of a positive prompt, in order; empty for a negative one.
        removed: terms to take out.
        removed_tags: tags to take out of a negative prompt.
        appended: terms to append.
    """

    field: Field
    index: int
    tree: Prompt
    uses: tuple[LoraUse, ...] = ()
    removed: tuple[Match, ...] = ()
    removed_tags: tuple[NetworkTag, ...] = ()
    appended: tuple[str, ...] = ()

    def same_as(self, other: TextDraft) -> bool:
        """Whether the same is to become of the same text, be it for another picture."""
        return self.tree is other.tree and replace(self, index=other.index) == other

    def with_use(self, position: int, use: LoraUse) -> TextDraft:
        """Return the draft with one of its LoRAs replaced."""
        return replace(self, uses=(*self.uses[:position], use, *self.uses[position + 1 :]))

    @property
    def dropped(self) -> bool:
        """Whether the host loads none of the tags of this text."""
        return any(use.dropped for use in self.uses)

    def all_dropped(self) -> TextDraft:
        """Return the draft as the host takes it that fails on one of its tags.

        A LoRA that the host adds by itself is none of them: it is added again afterwards.
        """
        uses = tuple(use if use.tag is None else replace(use, dropped=True) for use in self.uses)
        return replace(self, uses=uses)


@dataclass(frozen=True)
class Draft:
    """One sampling pass being planned. ``cfg`` is ``None`` if it has none of its own."""

    prompts: tuple[TextDraft, ...]
    negatives: tuple[TextDraft, ...]
    cfg: float | None

    @property
    def active(self) -> tuple[LoraUse, ...]:
        """The LoRAs in effect: those of the first prompt, as the host loads them."""
        return self.prompts[0].uses if self.prompts else ()


def reaching(cond: float, uncond: float, cfg: float) -> float:
    """Return the weight that two branches make of a LoRA: ``c · w − (c − 1) · n``.

    Guidance adds up ``uncond + c · (cond − uncond)``; at CFG 1 there is no negative branch.
    """
    return cond if cfg == 1.0 or cond == uncond else cfg * cond - (cfg - 1.0) * uncond


FieldSpan = tuple[Field, str, int, int]
"""A piece of a text: the field, the text, start and end."""


@dataclass
class Context:
    """What a rule may look at besides the draft; collects its findings.

    ``refused`` holds the places that cannot be taken out without changing the reading of
    the rest. ``near`` gives the known names that an unknown one may be a slip of, ``mode`` how
    far a rule may go in this generation, ``exempted`` the ids of the rules that names in a
    ``guard`` argument stand for.
    """

    request: GenerationRequest
    cards: CardLookup
    settings: RuleOptions
    mode: Callable[[str], Mode]
    exempted: Callable[[frozenset[str]], frozenset[str]]
    refused: frozenset[FieldSpan] = frozenset()
    findings: list[Finding] = field(default_factory=list)
    near: Callable[[str], tuple[str, ...]] = lambda name: ()

    def enforces(self, rule: str) -> bool:
        """Whether ``rule`` may change the generation."""
        return self.mode(rule) is Mode.ENFORCE

    def may_remove(self, text: TextDraft, target: Match | NetworkTag) -> bool:
        """Whether taking ``target`` out leaves the reading of the rest as it is.

        Where it does not, the prompt language has refused the edit, and rules only advise.
        """
        return (text.field, text.tree.text, target.start, target.end) not in self.refused

    def report(
        self,
        rule: str,
        text: TextDraft,
        *,
        enforced: bool,
        lora: str | None,
        before: str,
        after: str,
        reason: str,
        evidence: tuple[str, ...] = (),
        source: str = "",
        fix: str = "",
        loras: tuple[str, ...] = (),
        moved: bool = False,
        numbers: Mapping[str, float] | None = None,
        choices: tuple[Choice, ...] = (),
    ) -> None:
        """Add a finding about one text."""
        self.findings.append(
            Finding(
                rule=rule,
                effect=Effect.ENFORCED if enforced else Effect.ADVISED,
                field=text.field,
                lora=lora,
                before=before,
                after=after,
                reason=reason,
                evidence=evidence,
                source=source,
                index=text.index,
                fix=fix,
                loras=loras,
                moved=moved,
                numbers=tuple((numbers or {}).items()),
                choices=choices,
            )
        )


def each_prompt(draft: Draft, change: Callable[[TextDraft], TextDraft]) -> Draft:
    """Apply ``change`` to every distinct positive prompt of the batch."""
    return replace(draft, prompts=_each_distinct(draft.prompts, change))


def each_negative(draft: Draft, change: Callable[[TextDraft], TextDraft]) -> Draft:
    """Apply ``change`` to every distinct negative prompt of the batch."""
    return replace(draft, negatives=_each_distinct(draft.negatives, change))


def _each_distinct(
    texts: tuple[TextDraft, ...], change: Callable[[TextDraft], TextDraft]
) -> tuple[TextDraft, ...]:
    """Apply ``change`` once per distinct text, so that a batch repeats no finding."""
    done: dict[int, tuple[TextDraft, TextDraft]] = {}
    result = []
    for text in texts:
        known = done.get(id(text.tree))
        if known is not None and known[0].same_as(text):
            result.append(replace(known[1], index=text.index))
            continue
        changed = change(text)
        done[id(text.tree)] = (text, changed)
        result.append(changed)
    return tuple(result)


def tag_text(text: TextDraft, use: LoraUse) -> str:
    """Return the tag of ``use`` as it stands in the prompt, or as it would be written."""
    if use.tag is None:
        return new_tag(use)
    return text.tree.text[use.tag.start : use.tag.end]


def edited_tag(text: TextDraft, use: LoraUse) -> str:
    """Return the tag of ``use`` with the weights decided so far; empty if it was removed."""
    if use.removed:
        return ""
    if use.tag is None or use.te is None or use.unet is None:
        return tag_text(text, use)
    rewrite = Rewrite(text.tree)
    rewrite.set_weights(use.tag, use.te, use.unet)
    if use.neg is not None and use.negte is not None:
        rewrite.set_branches(use.tag, (use.te, use.unet), use.neg, use.negte)
    if use.blocks:
        rewrite.set_argument(use.tag, "blocks", use.blocks)
    whole = apply_edits(text.tree.text, rewrite.edits())
    grown = len(whole) - len(text.tree.text)
    return whole[use.tag.start : use.tag.end + grown]


def new_tag(use: LoraUse) -> str:
    """Return a tag for a LoRA that has none in the prompt."""
    te, unet = use.te or 0.0, use.unet or 0.0
    own = {"guard": use.guard, "blocks": use.blocks}
    return format_tag("lora", use.name, te, unet, use.neg, use.negte, **own)


def renamed_tag(tag: NetworkTag, name: str) -> str:
    """Return a tag as it would read with another name, all else in it as it was."""
    if ":" in name or ">" in name or not tag.items or tag.items[0] != tag.name:
        return ""
    return f"<{tag.type}:{':'.join((name, *tag.items[1:]))}>"


def weight_numbers(before: float | None, after: float | None) -> dict[str, float]:
    """Return the numbers of a finding about one weight; a schedule, or none, has no number."""
    known = {"before": before, "after": after}
    return {name: weight for name, weight in known.items() if weight is not None}


def guarded_uses(text: TextDraft, rule: str) -> Iterator[tuple[int, LoraUse, LoraCard]]:
    """Yield position, use and card of each LoRA that ``rule`` may look at."""
    for position, use in enumerate(text.uses):
        if use.card is not None and use.guarded_by(rule):
            yield position, use, use.card
