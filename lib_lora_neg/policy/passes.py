"""One sampling pass through all rules: its texts are read, judged and written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..loras.card import LoraCard
from ..prompts import NetworkTag, Prompt, parse
from .draft import Context, Draft, FieldSpan, LoraUse, TextDraft
from .model import (
    CardLookup,
    Field,
    Finding,
    GenerationRequest,
    InjectedLora,
    PromptEdit,
    PromptSet,
    names_of,
)
from .near import near_names
from .notes import note_branches, note_cfg_one, note_empty_negatives
from .rules import RULES, exempted_by
from .settings import GuardSettings
from .writing import write

MOST_SEARCHES = 8
"""Unknown names of one request for which near ones are looked for."""


class RememberedCards:
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
            searched = len(self._near) < MOST_SEARCHES
            self._near[name] = near_names(name, names_of(self._cards)) if searched else ()
        return self._near[name]


class PassPlanner:
    """Plans the passes of one request; texts that stand in several are parsed once."""

    def __init__(
        self, request: GenerationRequest, cards: RememberedCards, settings: GuardSettings
    ) -> None:
        self._request = request
        self._cards = cards
        self._settings = settings
        self._trees: dict[tuple[bool, str], Prompt] = {}

    def plan_pass(
        self, texts: PromptSet, fields: tuple[Field, Field, Field]
    ) -> tuple[PromptSet, list[Finding], list[PromptEdit]]:
        """Apply the rules to one pass, anew for as long as a removal of theirs is refused."""
        refused: frozenset[FieldSpan] = frozenset()
        while True:
            context = self._context(refused)
            draft = self._read(texts, fields, context)
            for rule in RULES:
                draft = rule.apply(draft, context)
            prompts = write(draft.prompts, texts.prompts)
            negatives = write(draft.negatives, texts.negative_prompts)
            now_refused = prompts.refused | negatives.refused
            if not now_refused - refused:
                break
            refused |= now_refused
        note_empty_negatives(texts.negative_prompts, negatives.texts, draft, context)
        note_cfg_one(negatives.texts, draft, fields[2], context)
        note_branches(draft, context)
        result = PromptSet(prompts.texts, negatives.texts, draft.cfg)
        return (
            texts if result == texts else result,
            context.findings,
            prompts.edits + negatives.edits,
        )

    def read(self, texts: PromptSet, fields: tuple[Field, Field, Field]) -> Draft:
        """Return the texts of one pass with their LoRAs, before any rule."""
        return self._read(texts, fields, self._context())

    def _context(self, refused: frozenset[FieldSpan] = frozenset()) -> Context:
        return Context(
            self._request,
            self._cards,
            self._settings,
            self._settings.mode_of,
            exempted_by,
            refused,
            near=self._cards.near,
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


def read_prompt(
    text: str, request: GenerationRequest, cards: CardLookup, settings: GuardSettings
) -> TextDraft:
    """Return a prompt with its LoRAs, as the rules see it at first; the planned one is good, too.

    Args:
        text: a prompt, not a negative one.
        request: what the host is besides.
        cards: by the names in the prompt.
        settings: the user's.
    """
    planner = PassPlanner(request, RememberedCards(cards), settings)
    draft = planner.read(PromptSet((text,), ()), (Field.PROMPT, Field.NEGATIVE, Field.CFG))
    return draft.prompts[0]


def _is_use(tag: NetworkTag, context: Context) -> bool:
    """Whether the host will find this LoRA tag as it stands."""
    if not tag.is_lora or tag.editable:
        return tag.is_lora
    return tag.literal and context.cards.get(tag.name) is not None


def _use(tag: NetworkTag, context: Context) -> LoraUse:
    neg, negte = tag.branches or (None, None)
    return LoraUse(
        tag.name,
        context.cards.get(tag.name),
        tag,
        tag.te.value,
        tag.unet.value,
        exempt_rules=context.exempted(tag.exempt),
        neg=neg,
        negte=negte,
    )


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
