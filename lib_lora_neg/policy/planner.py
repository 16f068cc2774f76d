"""`plan`: from a request, the cards of its LoRAs and the settings to a `GuardPlan`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import NamedTuple

from ..loras.card import LoraCard
from ..loras.families import ModelFamily
from ..prompts import Edit, NetworkTag, Prompt, Rewrite, apply_edits, compose, parse
from ..sentences import say
from .draft import Context, Draft, LoraUse, Place, TextDraft
from .model import (
    CardLookup,
    Effect,
    Field,
    Finding,
    GenerationRequest,
    GuardPlan,
    InjectedLora,
    PromptEdit,
    PromptSet,
)
from .near import near_names
from .rules import RULES
from .settings import GuardSettings, Mode
from .too_long import too_long

_FIRST = (Field.PROMPT, Field.NEGATIVE, Field.CFG)
_HIRES = (Field.HR_PROMPT, Field.HR_NEGATIVE, Field.HR_CFG)


def plan(
    request: GenerationRequest,
    cards: CardLookup | Mapping[str, LoraCard],
    settings: GuardSettings | None = None,
) -> GuardPlan:
    """Return what to generate instead of ``request``, with a finding for everything seen.

    Deterministic and idempotent: planning the guarded request again changes nothing. In
    Advise mode the findings are those that Enforce would act on, and nothing is changed; when
    the mode is Off there are none. Texts that no rule touches stay the same objects. Where one
    is too long to be read (`too_long`), nothing is changed and the finding says so.

    Args:
        request: one batch.
        cards: looked up by the names in the tags; must return ``None`` for unknown names.
        settings: the user's; defaults when not given.
    """
    settings = settings if settings is not None else GuardSettings()
    if settings.mode is Mode.OFF:
        return GuardPlan(request, request.first, request.hires, (), ())
    unread = too_long(request)
    if unread:
        return GuardPlan(request, request.first, request.hires, unread, ())
    guarded = _plan_enforced(request, cards, replace(settings, mode=Mode.ENFORCE))
    if settings.mode is Mode.ENFORCE:
        return guarded
    advised = tuple(replace(finding, effect=Effect.ADVISED) for finding in guarded.findings)
    return GuardPlan(request, request.first, request.hires, advised, ())


_MOST_ROUNDS = 6
"""A request that still changes then is left as the last round has it."""


def _plan_enforced(
    request: GenerationRequest,
    cards: CardLookup | Mapping[str, LoraCard],
    settings: GuardSettings,
) -> GuardPlan:
    """Plan until nothing changes any more.

    What goes may bring together what belongs together: ``red trigger dress`` holds ``red dress``.
    """
    known = _Remembered(cards)
    result = _plan_once(request, known, settings)
    for _ in range(_MOST_ROUNDS - 1):
        if not _rewrites(result):
            break
        guarded = replace(request, first=result.first, hires=result.hires)
        again = _plan_once(guarded, known, settings)
        if not again.changed:
            break
        result = _joined(result, again)
    return result


def _rewrites(result: GuardPlan) -> bool:
    """Whether anything but weights and CFG changes; those are what they are at once."""
    return any(
        finding.effect is Effect.ENFORCED and not (finding.rule in _FINAL_RULES and finding.after)
        for finding in result.findings
    )


_FINAL_RULES = frozenset({"R1", "R1f", "R3", "R4", "R5"})


def _joined(result: GuardPlan, again: GuardPlan) -> GuardPlan:
    """Return both rounds as one plan of the first one's request."""
    edits: dict[tuple[Field, int], tuple[list[Edit], list[Edit]]] = {}
    for number, plan_ in enumerate((result, again)):
        for edit in plan_.edits:
            edits.setdefault((edit.field, edit.index), ([], []))[number].append(edit.edit)
    joined = [
        PromptEdit(field, index, edit)
        for (field, index), (first, second) in edits.items()
        for edit in compose(len(_text_of(result.request, field, index)), first, second)
    ]
    said = {_statement(finding) for finding in result.findings}
    more = tuple(
        finding
        for finding in again.findings
        if _statement(finding) not in said and finding.effect is Effect.ENFORCED
    )
    findings = result.findings + more
    return GuardPlan(result.request, again.first, again.hires, findings, tuple(joined))


def _text_of(request: GenerationRequest, field: Field, index: int) -> str:
    hires = field in _HIRES
    texts = request.hires if hires and request.hires is not None else request.first
    negative = field in (Field.NEGATIVE, Field.HR_NEGATIVE)
    return (texts.negative_prompts if negative else texts.prompts)[index]


def _plan_once(
    request: GenerationRequest, cards: _Remembered, settings: GuardSettings
) -> GuardPlan:
    planner = _Planner(request, cards, settings)
    first, findings, edits = planner.plan_pass(request.first, _FIRST)
    if request.hires is None:
        return GuardPlan(request, first, None, tuple(findings), tuple(edits))
    shared_cfg = request.hires.cfg_scale is None
    hires_request = request.hires
    if shared_cfg:
        hires_request = replace(hires_request, cfg_scale=first.cfg_scale)
    hires, hr_findings, hr_edits = planner.plan_pass(hires_request, _HIRES)
    if shared_cfg and hires.cfg_scale != first.cfg_scale:
        first = replace(first, cfg_scale=hires.cfg_scale)
    if shared_cfg:
        unshared = replace(hires, cfg_scale=None)
        hires = request.hires if unshared == request.hires else unshared
        hr_findings = [_as_first_cfg(finding) for finding in hr_findings]
    said = {_statement(finding) for finding in findings}
    findings += [finding for finding in hr_findings if _statement(finding) not in said]
    return GuardPlan(request, first, hires, tuple(findings), tuple(edits + hr_edits))


def _as_first_cfg(finding: Finding) -> Finding:
    return replace(finding, field=Field.CFG) if finding.field is Field.HR_CFG else finding


_FIRST_FIELD = dict(zip(_HIRES, _FIRST, strict=True))


def _statement(finding: Finding) -> Finding:
    """Return the finding with the pass aside: the hires pass need not repeat the first."""
    first = _FIRST_FIELD.get(finding.field)
    return finding if first is None else replace(finding, field=first)


class _Planner:
    """Plans the passes of one request; texts that stand in several are parsed once."""

    def __init__(
        self, request: GenerationRequest, cards: _Remembered, settings: GuardSettings
    ) -> None:
        self._request = request
        self._cards = cards
        self._settings = settings
        self._trees: dict[tuple[bool, str], Prompt] = {}

    def plan_pass(
        self, texts: PromptSet, fields: tuple[Field, Field, Field]
    ) -> tuple[PromptSet, list[Finding], list[PromptEdit]]:
        """Apply the rules to one pass, anew for as long as a removal of theirs is refused."""
        refused: frozenset[Place] = frozenset()
        while True:
            context = Context(
                self._request, self._cards, self._settings, refused, near=self._cards.near
            )
            draft = self._read(texts, fields, context)
            for rule in RULES:
                draft = rule(draft, context)
            prompts = _write(draft.prompts, texts.prompts)
            negatives = _write(draft.negatives, texts.negative_prompts)
            now_refused = prompts.refused | negatives.refused
            if not now_refused - refused:
                break
            refused |= now_refused
        _note_empty_negative(texts.negative_prompts, negatives.texts, draft, context)
        _note_cfg_one(negatives.texts, draft, fields[2], context)
        result = PromptSet(prompts.texts, negatives.texts, draft.cfg)
        return (
            texts if result == texts else result,
            context.findings,
            prompts.edits + negatives.edits,
        )

    def _tree(self, text: str, negative: bool) -> Prompt:
        tree = self._trees.get((negative, text))
        if tree is None:
            tree = parse(
                text,
                negative=negative,
                emphasis=self._request.emphasis,
                tools=self._request.prompt_tools,
                full_stops=self._settings.full_stops,
            )
            self._trees[negative, text] = tree
        return tree

    def _read(
        self, texts: PromptSet, fields: tuple[Field, Field, Field], context: Context
    ) -> Draft:
        prompts = []
        for index, text in enumerate(texts.prompts):
            tree = self._tree(text, False)
            uses = tuple(_use(tag, context) for tag in tree.tags if _is_use(tag, context))
            injected = _injected(self._request.injected, uses, context)
            prompts.append(TextDraft(fields[0], index, tree, uses + injected))
        negatives = [
            TextDraft(fields[1], index, self._tree(text, True))
            for index, text in enumerate(texts.negative_prompts)
        ]
        return Draft(tuple(prompts), tuple(negatives), texts.cfg_scale)


_MOST_SEARCHES = 8
"""Unknown names of one request for which near ones are looked for."""


class _Remembered:
    """A lookup that asks for each name once per plan."""

    def __init__(self, cards: CardLookup | Mapping[str, LoraCard]) -> None:
        self._cards = cards
        self._known: dict[str, LoraCard | None] = {}
        self._near: dict[str, tuple[str, ...]] = {}

    def get(self, name: str, /) -> LoraCard | None:
        if name not in self._known:
            self._known[name] = self._cards.get(name)
        return self._known[name]

    def near(self, name: str) -> tuple[str, ...]:
        """Return the known names that an unknown one may be a slip of."""
        if name not in self._near:
            searched = len(self._near) < _MOST_SEARCHES
            self._near[name] = near_names(name, self._names()) if searched else ()
        return self._near[name]

    def _names(self) -> Iterable[str]:
        if isinstance(self._cards, Mapping):
            return self._cards
        names = getattr(self._cards, "names", None)
        return names() if callable(names) else ()


def _is_use(tag: NetworkTag, context: Context) -> bool:
    """Whether the host will find this LoRA tag as it stands."""
    if not tag.is_lora or tag.editable:
        return tag.is_lora
    return tag.literal and context.cards.get(tag.name) is not None


def _use(tag: NetworkTag, context: Context) -> LoraUse:
    return LoraUse(tag.name, context.cards.get(tag.name), tag, tag.te.value, tag.unet.value)


def _injected(
    injected: Iterable[InjectedLora], uses: tuple[LoraUse, ...], context: Context
) -> tuple[LoraUse, ...]:
    """Return the LoRAs that the host will add because the prompt does not name them."""
    named = {use.name for use in uses}
    return tuple(
        LoraUse(lora.name, card, None, lora.weight, lora.weight, lora.weight)
        for lora in injected
        if lora.name not in named and (card := context.cards.get(lora.name)) is not None
    )


class _Written(NamedTuple):
    """The texts of one field, with what was done and what the prompt language refused."""

    texts: tuple[str, ...]
    edits: list[PromptEdit]
    refused: frozenset[Place]


def _write(drafts: tuple[TextDraft, ...], originals: tuple[str, ...]) -> _Written:
    """Apply the decisions to the texts; the same tuple comes back when nothing changed."""
    done: list[tuple[TextDraft, Rewrite]] = []
    results, edits, refused = [], [], set()
    for draft, original in zip(drafts, originals, strict=True):
        rewrite = next((known for same, known in done if same.same_as(draft)), None)
        if rewrite is None:
            rewrite = _rewrite(draft)
            done.append((draft, rewrite))
        text_edits = rewrite.edits()
        for target in rewrite.refused:
            refused.add((draft.field, draft.tree.text, target.start, target.end))
        edits += [PromptEdit(draft.field, draft.index, edit) for edit in text_edits]
        results.append(apply_edits(original, text_edits))
    same = all(new is old for new, old in zip(results, originals, strict=True))
    return _Written(originals if same else tuple(results), edits, frozenset(refused))


def _rewrite(draft: TextDraft) -> Rewrite:
    rewrite = Rewrite(draft.tree)
    for match in draft.removed:
        rewrite.remove(match)
    for tag in draft.removed_tags:
        rewrite.remove_tag(tag)
    for use in draft.uses:
        if use.tag is None:
            _append(rewrite, use)
        elif use.removed:
            rewrite.remove_tag(use.tag)
        elif (use.te, use.unet) != (use.tag.te.value, use.tag.unet.value):
            rewrite.set_weights(use.tag, use.te, use.unet)
    for term in draft.appended:
        rewrite.append_term(term)
    return rewrite


def _append(rewrite: Rewrite, use: LoraUse) -> None:
    """Write the tag of a LoRA that had none: one moved in, or an injected one that changed."""
    te, unet = use.te or 0.0, use.unet or 0.0
    if use.injected_at is None:
        if not use.removed:
            rewrite.append_tag("lora", use.name, te, unet, use.guard)
    elif use.removed:
        rewrite.append_tag("lora", use.name, 0.0, 0.0)
    elif (te, unet) != (use.injected_at, use.injected_at):
        rewrite.append_tag("lora", use.name, te, unet)


def _note_empty_negative(
    before: tuple[str, ...], after: tuple[str, ...], draft: Draft, context: Context
) -> None:
    if context.request.family is not ModelFamily.SDXL:
        return
    for text, old, new in zip(draft.negatives, before, after, strict=True):
        if old.strip() and not new.strip():
            context.report(
                "empty-negative",
                text,
                enforced=False,
                lora=None,
                before=old,
                after=new,
                reason=say(
                    "the negative prompt is empty now: SDXL then uses zeroed embeddings, "
                    "which changes the picture more than the removed words did"
                ),
                source="A1111 1.10.1, observed",
            )


def _note_cfg_one(negatives: tuple[str, ...], draft: Draft, field: Field, context: Context) -> None:
    if draft.cfg != 1.0 or not any(text.strip() for text in negatives):
        return
    if context.request.negative_guidance:
        return
    context.findings.append(
        Finding(
            rule="cfg-1",
            effect=Effect.ADVISED,
            field=field,
            lora=None,
            before="1",
            after="1",
            reason=say(
                "at CFG 1 the negative prompt has no effect on the picture: raise CFG, or switch "
                "on negative guidance (NAG) where the model is made for CFG 1"
            ),
            source="A1111 1.10.1 and Forge, observed",
        )
    )
