"""One module per rule. `RULES` is the order of application.

First the tags are put in order (R11, R8), then their weights (R1, R4, R5, R10), then the texts
(R2 and its weaker relatives, R9), last CFG, which depends on the weights that remain.
"""

from __future__ import annotations

from ..draft import Rule
from . import (
    r1_range,
    r2_triggers,
    r2c_recommended,
    r3_cfg,
    r4_text_encoder,
    r5_budget,
    r8_negative_tags,
    r9_negation,
    r10_bleeding,
    r11_misfires,
    r11d_unreadable,
    tag_tables,
)

RULES: tuple[Rule, ...] = (
    r11d_unreadable.unreadable,
    r11_misfires.unknown_name,
    r8_negative_tags.negative_tags,
    r11_misfires.duplicates,
    r11_misfires.wrong_family,
    r1_range.negative_range,
    r4_text_encoder.text_encoder,
    r5_budget.budget,
    r10_bleeding.bleeding,
    r2_triggers.triggers,
    tag_tables.tag_tables,
    r2c_recommended.recommended_negative,
    r9_negation.negation,
    r3_cfg.cfg_ceiling,
)
