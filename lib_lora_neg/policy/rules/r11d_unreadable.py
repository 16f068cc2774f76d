"""R11d: tags that the host reads otherwise than they were meant, or not at all."""

from __future__ import annotations

from ...prompts import NetworkTag, Weight
from ...prompts.lookalikes import TagFault, find_lookalikes, repaired_tag
from ...sentences import Sentence, say
from ..draft import Context, Draft, LoraUse, TextDraft, each_prompt, tag_text
from ..model import GenerationRequest
from ..options import Mode
from ..rule import ChipText, Rule

TOOLS_WITH_WORDS = frozenset({"lora-block-weight"})
"""Tools that accept a word where the host wants a number."""

OBSERVED = "A1111 1.10.1, Forge, reForge and Forge Neo, observed"

DROPS_ALL = say("the host then loads none of the LoRAs of this prompt")
DROPS_ONE = say("this LoRA is then not loaded")

NO_LORA = {
    TagFault.TYPE: say("the host knows the type of a tag in small letters only: it loads no LoRA"),
    TagFault.WIDE: say(
        "wide punctuation (as input methods write it) makes no tag: the host reads it as plain "
        "text and loads no LoRA"
    ),
    TagFault.COMMENT: say(
        "# begins a comment, so the host never sees the end of this tag and loads no LoRA: "
        "rename the file"
    ),
    TagFault.SPACE: say("a space there makes it plain text: the host loads no LoRA"),
    TagFault.FORM: say(
        "a tag is written <lora:name:weight>: the host reads this as plain text and loads no LoRA"
    ),
    TagFault.UNCLOSED: say("the tag is not closed with >: the host reads it as plain text"),
}


def unreadable(draft: Draft, context: Context) -> Draft:
    """Say which tags misfire; where one of them makes the host drop all, none is in force."""
    silent = context.mode("R11d") is Mode.OFF

    def check(text: TextDraft) -> TextDraft:
        if not silent:
            _look_at_text(text, context)
        drops = False
        for use in text.uses:
            if use.tag is None or _is_plain(use.tag):
                continue
            if not silent and not use.exempt_from("R11d"):
                _look_at_tag(text, use, use.tag, context)
            drops = drops or _fails(use.tag, context.request)
        return text.all_dropped() if drops and context.request.bad_weight_drops_all else text

    return each_prompt(draft, check)


def _is_plain(tag: NetworkTag) -> bool:
    """Whether there is nothing to say about the tag; nearly every tag is such."""
    return (
        tag.te.value is not None
        and tag.unet.value is not None
        and not tag.guard
        and "=" not in tag.items[0]
        and tag.name.isascii()
    )


def _look_at_text(text: TextDraft, context: Context) -> None:
    tree = text.tree
    if "<" not in tree.text and not any(mark in tree.text for mark in "＜〈《"):  # noqa: RUF001
        return
    for found in find_lookalikes(tree):
        piece = tree.text[found.start : found.end]
        _report(text, None, piece, NO_LORA[found.fault], found.fix, context)
    for tag in tree.tags:
        if tag.is_lora and tag.literal and context.cards.get(tag.name) is None:
            reason = say(
                "{name} holds braces, which Dynamic Prompts fills in, and no LoRA of that name is "
                "known: the guard leaves this tag alone",
                name=repr(tag.name),
            )
            _report(text, tag.name, tree.text[tag.start : tag.end], reason, "", context)


def _look_at_tag(text: TextDraft, use: LoraUse, tag: NetworkTag, context: Context) -> None:
    piece = tag_text(text, use)
    reason = _fault_of(tag, use, context)
    if reason is not None:
        fix = repaired_tag(piece)
        _report(text, use.name, piece, reason, fix, context)
    if tag.guard_unread:
        reason = say(
            "guard={value} is not understood, so nothing is exempted: guard=off, or guard=-R3 for "
            "one rule and guard=-R1-R3 for several",
            value=tag.guard,
        )
        _report(text, use.name, piece, reason, "", context)


def _fault_of(tag: NetworkTag, use: LoraUse, context: Context) -> Sentence | None:
    then = DROPS_ALL if context.request.bad_weight_drops_all else DROPS_ONE
    if tag.swallowed_name:
        swallowed = repr(tag.swallowed_name)
        if tag.name == tag.swallowed_name:
            return say(
                "the host reads {item} as an argument, so the tag names no LoRA; {then}: rename "
                "the file",
                item=swallowed,
                then=then,
            )
        return say(
            "the host reads {item} as an argument and takes {name} for the name: rename the file",
            item=swallowed,
            name=repr(tag.name),
        )
    if use.card is None and any(mark in tag.name for mark in "：＝"):  # noqa: RUF001
        return say(
            "wide punctuation divides no arguments: the host looks for a LoRA called {name}",
            name=repr(tag.name),
        )
    if TOOLS_WITH_WORDS & context.request.prompt_tools:
        return None
    for weight in (tag.te, tag.unet):
        reason = _weight_fault(weight, context.request, then)
        if reason is not None:
            return reason
    return None


def _weight_fault(weight: Weight, request: GenerationRequest, then: Sentence) -> Sentence | None:
    if weight.boundless:
        return say(
            "{word} is taken for a number, and the picture becomes black or noise",
            word=repr(weight.raw),
        )
    if weight.invalid:
        return say(
            "{word} is no number; {then} (some extensions give such words a meaning)",
            word=repr(weight.raw),
            then=then,
        )
    if weight.scheduled and not _knows_schedules(request):
        return say(
            "{word} is a weight schedule, and no extension of this host reads one; {then}",
            word=repr(weight.raw),
            then=then,
        )
    return None


def _knows_schedules(request: GenerationRequest) -> bool:
    return request.weight_schedules is not False or "loractl" in request.prompt_tools


def _fails(tag: NetworkTag, request: GenerationRequest) -> bool:
    """Whether the host fails to read the numbers of the tag."""
    if TOOLS_WITH_WORDS & request.prompt_tools:
        return False
    nameless = bool(tag.swallowed_name) and tag.name == tag.swallowed_name
    return nameless or any(
        weight.invalid or (weight.scheduled and not _knows_schedules(request))
        for weight in (tag.te, tag.unet)
    )


def _report(
    text: TextDraft, lora: str | None, piece: str, reason: Sentence, fix: str, context: Context
) -> None:
    context.report(
        "R11d",
        text,
        enforced=False,
        lora=lora,
        before=piece,
        after=piece,
        reason=reason,
        source=OBSERVED,
        fix=fix,
    )


RULE = Rule(
    id="R11d",
    apply=unreadable,
    title="Weight that is no number",
    setting="weights that are no numbers",
    help="says so",
    default=Mode.ADVISE,
    switch="Tags that misfire",
    group="R11",
    chip=ChipText("weight is no number"),
    advise_only=True,
)
