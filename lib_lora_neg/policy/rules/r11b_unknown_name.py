"""R11b: LoRA names that the host does not know."""

from __future__ import annotations

from dataclasses import replace

from ...prompts import NetworkTag
from ...sentences import say
from ..draft import Context, Draft, LoraUse, TextDraft, each_prompt, renamed_tag, tag_text
from ..options import Mode
from ..rule import ChipText, Rule

UNKNOWN = say("no LoRA of this name is known")
DROPS_ALL = say(
    "no LoRA of this name is known; on this host one unknown LoRA name switches all LoRAs of "
    "the prompt off"
)
MEANT = "{reason}; did you mean {names}?"


def unknown_name(draft: Draft, context: Context) -> Draft:
    """Take a LoRA that does not exist out of the prompt where it would drop the others."""
    if context.mode("R11b") is Mode.OFF:
        return draft
    drops_all = context.request.unknown_lora_drops_all
    enforces = context.enforces("R11b")

    def check(text: TextDraft) -> TextDraft:
        stays = False
        for position, use in enumerate(text.uses):
            if use.card is not None or use.tag is None or use.dropped:
                continue
            if use.exempt_from("R11b") or (use.tag.swallowed_name and not drops_all):
                stays = True
                continue
            enforced = drops_all and enforces and context.may_remove(text, use.tag)
            _report_unknown(text, use, use.tag, enforced, context)
            if enforced:
                text = text.with_use(position, replace(use, removed=True))
            else:
                stays = True
        return text.all_dropped() if drops_all and stays else text

    return each_prompt(draft, check)


def _report_unknown(
    text: TextDraft, use: LoraUse, tag: NetworkTag, enforced: bool, context: Context
) -> None:
    drops_all = context.request.unknown_lora_drops_all
    near = context.near(use.name)
    reason = DROPS_ALL if drops_all else UNKNOWN
    if near:
        reason = say(MEANT, reason=reason, names=", ".join(map(repr, near)))
    context.report(
        "R11b",
        text,
        enforced=enforced,
        lora=use.name,
        before=tag_text(text, use),
        after="",
        reason=reason,
        source="Forge and reForge, observed" if drops_all else "",
        fix=renamed_tag(tag, near[0]) if near else "",
    )


RULE = Rule(
    id="R11b",
    apply=unknown_name,
    title="Unknown LoRA",
    setting="unknown LoRA names",
    help="takes the name out where it would switch all LoRAs off (Forge, reForge); where the host "
    "passes it over (A1111, Forge Neo) only says so",
    default=Mode.ENFORCE,
    switch="Tags that misfire",
    group="R11",
    chip=ChipText("unknown LoRA"),
)
