"""What a person can do about a finding in one click: the texts each action would write."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Any

from ...hosts.preview import FormValues, PreviewContext
from ...loras.card import LoraCard
from ...policy import BY_ID, DEFAULT_RULE_MODES, CardLookup, Field, Finding, Mode, Rule, plan
from ...prompts import NetworkTag, Prompt, Rewrite, apply_edits, find, format_number, parse
from ...sentences import Sentence, Translator, as_sentence, say

NUDGE = 0.05
"""One step of a LoRA's weight: what users move a slider by."""

_PROMPTS = (Field.PROMPT, Field.HR_PROMPT)
_NEGATIVES = (Field.NEGATIVE, Field.HR_NEGATIVE)

Writes = dict[str, Any]
"""New contents by the box's name, a `Field` value."""


@dataclass(frozen=True)
class Action:
    """One button.

    Attributes:
        kind: ``apply``, ``allow``, ``nudge`` … for the page.
        label: on the button.
        writes: what it writes into the inputs.
        lora: name of the file that a lasting decision is about.
    """

    kind: str
    label: Sentence
    writes: Writes = field(default_factory=dict)
    lora: str | None = None

    def as_json(self, words: Translator) -> dict[str, Any]:
        """Return it as the page gets it, in the page's language."""
        label = words(self.label)
        result: dict[str, Any] = {"kind": self.kind, "label": label, "writes": self.writes}
        if self.lora is not None:
            result["lora"] = self.lora
        return result


class Actions:
    """The actions on the findings of one preview; each input is parsed once.

    Args:
        context: the form values and what the host would make of them.
        lasting: whether the host can keep decisions about a LoRA.
    """

    def __init__(self, context: PreviewContext, lasting: bool = False) -> None:
        self._context = context
        self._form = context.form
        self._lasting = lasting

    def of(self, finding: Finding) -> list[Action]:
        """Return what can be done about ``finding``, the most helpful first."""
        actions = [
            *self._fix(finding),
            *self._apply(finding),
            *self._nudges(finding),
            *self._allow_once(finding),
        ]
        if self._lasting and finding.lora is not None:
            card = self._context.cards.get(finding.lora)
            if card is not None:
                label = say("Always allow for this LoRA")
                actions.append(Action("always", label, lora=card.name))
                rule = BY_ID.get(finding.rule)
                if rule is not None and rule.measurable:
                    # The page offers it where there is a scan tab.
                    actions.append(Action("scan", say("Measure with a scan"), lora=card.name))
        return actions

    def everything(self) -> Writes:
        """Return what the guard as it is set would write into the inputs."""
        request = self._context.without_styles()
        settings = replace(self._context.settings, mode=Mode.ENFORCE)
        return _difference(self._form, plan(request, self._context.cards, settings))

    def by_rule(self, rule: str) -> Writes:
        """Return what one rule alone would write into the inputs."""
        return self._by_rule(rule, self._context.cards)

    def _apply(self, finding: Finding) -> Iterator[Action]:
        rule = BY_ID.get(finding.rule)
        if rule is None:  # a note, which no rule could act on
            return
        if rule.lowers_cfg:
            yield from self._lower_cfg()
        if finding.before == finding.after:
            return
        if finding.choices:
            yield from self._choices(finding)
            return
        writes = self._writes(finding)
        if writes:
            yield Action("apply", _apply_label(finding, rule), writes)

    def _choices(self, finding: Finding) -> Iterator[Action]:
        """Offer each way for which there is evidence."""
        for label, after in finding.choices:
            writes = self._direct(replace(finding, after=after))
            if writes:
                yield Action("apply", as_sentence(label), writes)

    def _fix(self, finding: Finding) -> Iterator[Action]:
        """Offer what was probably meant: a near name, a number with a plain minus sign."""
        if not finding.fix or finding.fix == finding.before or not finding.before:
            return

        def meant(tree: Prompt) -> str:
            return tree.text.replace(finding.before, finding.fix)

        writes = self._change(_PROMPTS if finding.field in _PROMPTS else _NEGATIVES, meant)
        if writes:
            yield Action("fix", say("Write {text}", text=finding.fix), writes)

    def _writes(self, finding: Finding) -> Writes:
        if finding.field in (Field.CFG, Field.HR_CFG):
            return {finding.field.value: float(finding.after)}
        if not finding.moved:
            direct = self._direct(finding)
            if direct:
                return direct
        return self._by_plan(finding)

    def _direct(self, finding: Finding) -> Writes:
        """Change the very words that the finding names, in both passes."""
        in_prompt = finding.field in _PROMPTS

        def change(tree: Prompt) -> str | None:
            if in_prompt:
                return _replaced_tag(tree, finding.before, finding.after)
            return _replaced_term(tree, finding.before, finding.after)

        return self._change(_PROMPTS if in_prompt else _NEGATIVES, change)

    def _by_plan(self, finding: Finding) -> Writes:
        """Let the finding's own rule alone do its work, on its own LoRA alone."""
        cards: CardLookup = self._context.cards
        if finding.lora is not None:
            cards = _Alone(cards, finding.lora)
        return self._by_rule(finding.rule, cards)

    def _by_rule(self, rule: str, cards: CardLookup) -> Writes:
        off = dict.fromkeys(DEFAULT_RULE_MODES, Mode.OFF)
        settings = replace(
            self._context.settings, mode=Mode.ENFORCE, rules={**off, rule: Mode.ENFORCE}
        )
        return _difference(self._form, plan(self._context.without_styles(), cards, settings))

    def _lower_cfg(self) -> Iterator[Action]:
        lower = max(1.0, self._form.cfg_scale - 1.0)
        if lower < self._form.cfg_scale:
            label = say("Lower CFG to {cfg}", cfg=format_number(lower))
            yield Action("cfg", label, {Field.CFG.value: lower})

    def _nudges(self, finding: Finding) -> Iterator[Action]:
        rule = BY_ID.get(finding.rule)
        if rule is None or not rule.nudges or finding.lora is None:
            return
        for step, label in ((NUDGE, say("Weight +0.05")), (-NUDGE, say("Weight −0.05"))):
            writes = self._change(_PROMPTS, partial(self._nudged, finding, step))
            if writes:
                yield Action("nudge", label, writes)

    def _nudged(self, finding: Finding, step: float, tree: Prompt) -> str | None:
        rewrite = Rewrite(tree)
        for tag in self._tags_of(tree, finding.lora or ""):
            te, unet = tag.te.value, tag.unet.value
            if te is None or unet is None:
                return None
            same = te == unet
            unet = round(unet + step, 6)
            rewrite.set_weights(tag, unet if same else te, unet)
        return apply_edits(tree.text, rewrite.edits())

    def _allow_once(self, finding: Finding) -> Iterator[Action]:
        """Exempt the finding's LoRA from the finding's rule, and from no other one."""
        known = BY_ID.get(finding.rule)
        if finding.lora is None or known is None:
            return
        # There a tag is only text, and no other rule looks at it.
        in_negative = finding.field in _NEGATIVES and finding.before.startswith("<")
        # R1 means both ranges, that on Flux too.
        rule = known.group if known.group in BY_ID else known.id

        def exempt(tree: Prompt) -> str | None:
            rewrite = Rewrite(tree)
            for tag in self._tags_of(tree, *finding.loras):
                if rule in tag.exempt:
                    continue
                rules = sorted({*tag.exempt, rule})
                value = "off" if in_negative else "".join(f"-{name}" for name in rules)
                rewrite.set_argument(tag, "guard", value)
            return apply_edits(tree.text, rewrite.edits())

        writes = self._change(_NEGATIVES if in_negative else _PROMPTS, exempt)
        if writes:
            yield Action("allow", say("Allow once"), writes)

    def _tags_of(self, tree: Prompt, *loras: str) -> Iterator[NetworkTag]:
        """Yield the tags of LoRAs, by whatever name the prompt calls them."""
        cards = self._context.cards
        known = {card.identity for card in map(cards.get, loras) if card is not None}
        for tag in tree.tags:
            if not tag.is_lora or not tag.editable:
                continue
            card = cards.get(tag.name)
            if tag.name in loras or (card is not None and card.identity in known):
                yield tag

    def _change(self, fields: tuple[Field, ...], change: Callable[[Prompt], str | None]) -> Writes:
        """Return the inputs that ``change`` makes different."""
        writes: Writes = {}
        for name in fields:
            tree = self._trees.get(name)
            if tree is None or not tree.text:
                continue
            text = change(tree)
            if text is not None and text != tree.text:
                writes[name.value] = text
        if not writes and fields is _NEGATIVES and Field.NEGATIVE in self._trees:
            # A word is added to an empty box, too; an empty hires box follows the first.
            text = change(self._trees[Field.NEGATIVE])
            if text:
                writes[Field.NEGATIVE.value] = text
        return writes

    @cached_property
    def _trees(self) -> dict[Field, Prompt]:
        request, form = self._context.request, self._form
        texts = {Field.PROMPT: form.prompt, Field.NEGATIVE: form.negative_prompt}
        if form.hires:
            texts[Field.HR_PROMPT] = form.hr_prompt
            texts[Field.HR_NEGATIVE] = form.hr_negative_prompt
        return {
            name: parse(
                text,
                negative=name in _NEGATIVES,
                emphasis=request.emphasis,
                tools=request.prompt_tools,
                full_stops=self._context.settings.full_stops,
            )
            for name, text in texts.items()
        }


class _Alone:
    """A lookup in which every LoRA but one is exempt from the rules."""

    def __init__(self, cards: CardLookup, name: str) -> None:
        self._cards = cards
        card = cards.get(name)
        self._identity = card.identity if card is not None else name

    def get(self, name: str, /) -> LoraCard | None:
        card = self._cards.get(name)
        if card is None or card.identity == self._identity:
            return card
        return replace(card, guard_off=True)


def _replaced_tag(tree: Prompt, before: str, after: str) -> str | None:
    """Write ``after`` for every tag that reads ``before``; take it out where that is empty."""
    tags = [tag for tag in tree.tags if tree.text[tag.start : tag.end] == before]
    if not tags:
        return None
    if after:
        return tree.text.replace(before, after)
    rewrite = Rewrite(tree)
    for tag in tags:
        rewrite.remove_tag(tag)
    return _unless_refused(rewrite)


def _replaced_term(tree: Prompt, before: str, after: str) -> str | None:
    """Take the words ``before`` out, or add ``after`` where nothing stood before."""
    rewrite = Rewrite(tree)
    if not before:
        rewrite.append_term(after)
        return _unless_refused(rewrite)
    matches = [m for m in find(tree, before) if tree.text[m.start : m.end] == before]
    if after or not matches:
        return None
    for match in matches:
        rewrite.remove(match)
    return _unless_refused(rewrite)


def _unless_refused(rewrite: Rewrite) -> str | None:
    edits = rewrite.edits()
    return None if rewrite.refused else apply_edits(rewrite.tree.text, edits)


def _difference(form: FormValues, guarded: Any) -> Writes:
    """Return the inputs that a plan of them alone would change."""
    writes: Writes = {}
    first, hires = guarded.first, guarded.hires
    _note(writes, Field.PROMPT, form.prompt, first.prompts[0])
    _note(writes, Field.NEGATIVE, form.negative_prompt, first.negative_prompts[0])
    if first.cfg_scale != form.cfg_scale and first.cfg_scale is not None:
        writes[Field.CFG.value] = first.cfg_scale
    if hires is None:
        return writes
    if form.hr_prompt:
        _note(writes, Field.HR_PROMPT, form.hr_prompt, hires.prompts[0])
    if form.hr_negative_prompt:
        _note(writes, Field.HR_NEGATIVE, form.hr_negative_prompt, hires.negative_prompts[0])
    if hires.cfg_scale != form.hr_cfg and hires.cfg_scale is not None:
        writes[Field.HR_CFG.value] = hires.cfg_scale
    return writes


def _note(writes: Writes, name: Field, before: str, after: str) -> None:
    if after != before:
        writes[name.value] = after


def _apply_label(finding: Finding, rule: Rule) -> Sentence:
    """Return what the button says: what is done, not that it is applied."""
    if finding.field in (Field.CFG, Field.HR_CFG):
        return say("Set CFG to {cfg}", cfg=finding.after)
    return say(rule.button)
