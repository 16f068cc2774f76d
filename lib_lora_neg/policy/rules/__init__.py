"""One module per rule, each with its `RULE`, which holds all that is known of it.

Defaults, settings page, quick switches, chips, buttons and the table in the documents are derived
from `RULES`; no other module names rules one by one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from importlib import import_module
from types import MappingProxyType

from ..rule import Rule

_ORDER = (
    # Tags are put in order first,
    "r11d_unreadable",
    "r11b_unknown_name",
    "r8_negative_tags",
    "r11a_twice",
    "r11c_wrong_family",
    # then their weights,
    "r1_range",
    "r1f_flux_range",
    "r4_text_encoder",
    "r5_budget",
    "r10_bleeding",
    "r12_face_blocks",
    # then the words, the strongest rule about a term first,
    "r2_triggers",
    "r2b_core_terms",
    "r6_tug_of_war",
    "r2c_recommended",
    "r9_negation",
    # and last CFG, which depends on the weights that remain.
    "r3_cfg",
)

RULES: tuple[Rule, ...] = tuple(import_module(f"{__name__}.{name}").RULE for name in _ORDER)
"""All rules, in the order of application. A module of this folder is one once it stands above."""

BY_ID: Mapping[str, Rule] = MappingProxyType(
    {rule.id: rule for rule in sorted(RULES, key=lambda rule: rule.number)}
)
"""The rules in the order in which people read of them."""


def exempted_by(names: Collection[str]) -> frozenset[str]:
    """Return the ids of the rules that ``guard=-R1-R11`` in a tag exempts its LoRA from.

    ``R1`` covers ``R1f`` too, which is R1 on Flux, and ``R11`` all of R11.
    """
    if not names:
        return frozenset()
    return frozenset(rule.id for rule in RULES if rule.id in names or rule.group in names)
