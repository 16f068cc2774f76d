"""What a rule is: how it acts, and all that settings, pages and documents say of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from .draft import Context, Draft
from .options import Mode

ApplyRule = Callable[[Draft, Context], Draft]
"""Looks at the draft, reports to the context, returns the draft with its decisions."""

_ID = re.compile(r"R([1-9][0-9]?)([a-z]?)")


@dataclass(frozen=True)
class SharedChip:
    """One chip for all findings of a rule that judges the LoRAs of a prompt together.

    It shows the numbers ``total`` and ``limit`` of the findings.

    Attributes:
        lead: what stands first on it.
        button: on the button that writes what the rule would write for all of them.
    """

    lead: str
    button: str


@dataclass(frozen=True)
class ChipText:
    """What stands on the chip of a finding besides its own texts and numbers.

    Attributes:
        tail: why, in two or three words.
        names_lora: the tail goes on with the LoRA's name.
        names_type: the tail is the type of the LoRA instead.
        early: among the chips of one tone it stands behind those of what is removed, before the
            others.
        shared: one chip for all findings, where the rule judges several LoRAs together.
    """

    tail: str = ""
    names_lora: bool = False
    names_type: bool = False
    early: bool = False
    shared: SharedChip | None = None


@dataclass(frozen=True)
class Rule:
    """One rule. Texts are English; they are the keys of the files in ``localizations/``.

    Attributes:
        id: ``R1`` … ``R99``, with a letter where several belong to one number.
        apply: what it does in a plan.
        title: what its findings are called.
        help: what it does, for the settings page and the table in the documents.
        default: its mode where the user has set none.
        setting: its label on the settings page, behind the id; the title if empty.
        switch: label of its quick switch, which rules may share; the title if empty.
        group: the name by which a tag exempts from it too: ``guard=-R11`` from R11a.
        chip: what stands on its chips.
        button: on the button that writes what an advised finding would change.
        advise_only: there is nothing that it could change.
        nudges: its findings offer to move the LoRA's weight by a step.
        measurable: a scan of the LoRA replaces its number by a measured one.
        lowers_cfg: its findings offer to lower CFG by a step.
        by_range: it holds negative weights to the LoRA's range, so that its findings tell which
            pictures of a plot lie outside of it.
        changes_numbers: it changes weights and CFG alone, and these are final after one round.
        on_loading: it judges how a LoRA is loaded, its weight or its tag, which only who loads it
            can change.
        late: it also holds for tags that another script adds after the plan.
        reads_negative: it looks at the words of a negative prompt, wherever that stands.
        rewords_prompt: it changes words of the prompt.
    """

    id: str
    apply: ApplyRule
    title: str
    help: str
    default: Mode
    setting: str = ""
    switch: str = ""
    group: str = ""
    chip: ChipText = ChipText()
    button: str = "Apply to prompt"
    advise_only: bool = False
    nudges: bool = False
    measurable: bool = False
    lowers_cfg: bool = False
    by_range: bool = False
    changes_numbers: bool = False
    on_loading: bool = False
    late: bool = False
    reads_negative: bool = False
    rewords_prompt: bool = False

    def __post_init__(self) -> None:
        if _ID.fullmatch(self.id) is None:
            raise ValueError(f"{self.id!r} is no id of a rule: R, a number, at most one letter")
        if self.advise_only and self.default is Mode.ENFORCE:
            raise ValueError(f"{self.id} has nothing to enforce, and is enforced by default")

    @property
    def number(self) -> tuple[int, str]:
        """Where it stands in a list of the rules."""
        number, letter = self.id[1:], ""
        if not number.isdecimal():
            number, letter = number[:-1], number[-1]
        return int(number), letter

    @property
    def setting_label(self) -> str:
        """Its label on the settings page."""
        return f"{self.id}: {self.setting or self.title}"

    @property
    def switch_label(self) -> str:
        """The label of the quick switch that switches it."""
        return self.switch or self.title
