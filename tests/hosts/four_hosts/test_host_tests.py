"""The host tests themselves, on stand-ins of the four WebUIs' contracts.

What needs a model, a plot, a browser or a server process is left to running WebUIs.
"""

from __future__ import annotations

from tests.host.test_contract import *  # noqa: F403
from tests.host.test_failures import *  # noqa: F403
from tests.host.test_infotext_back import *  # noqa: F403
from tests.host.test_leaks import *  # noqa: F403
from tests.host.test_off import (  # noqa: F401
    test_toggle_and_mode_off_are_the_same,
    test_untouched_requests_have_no_key_of_ours,
)
from tests.host.test_other_scripts import (  # noqa: F401
    TestNested,
    test_a_late_change_is_mended_where_the_tag_stands_in_the_infotext,
    test_a_late_change_that_the_prompt_cannot_show_has_a_key,
    test_a_late_character_is_left_out,
    test_a_late_tag_beside_a_planned_one,
    test_a_late_tag_in_both_batches_is_clamped_in_both,
    test_a_late_tag_is_clamped_in_the_hires_pass_too,
    test_a_late_tag_lowers_cfg,
    test_a_lora_that_another_script_loads_late_is_clamped,
    test_a_switched_off_guard_leaves_late_tags_alone,
    test_a_tag_added_after_the_plan_is_clamped_at_the_loader,
    test_an_advising_guard_leaves_late_tags_alone,
)
from tests.host.test_passes import *  # noqa: F403
from tests.host.test_rules import *  # noqa: F403
from tests.host.test_sweeps import (  # noqa: F401
    test_a_grid_of_another_script_is_known_from_the_second_weight_on,
    test_a_grid_that_varies_something_else_is_guarded,
    test_a_matrix_of_another_extension_shows_its_weights,
    test_late_weights_that_turn_out_to_change,
    test_prompts_that_are_put_back_late_are_told_as_they_were_used,
    test_the_setting_guards_a_matrix_too,
    test_words_that_are_put_back_late_are_told_as_they_were_used,
)

del test_the_refiner_gets_the_guarded_prompt  # noqa: F821
del test_sdxl_is_guarded  # noqa: F821
del test_a_negative_prompt_that_becomes_empty_on_sdxl_is_pointed_out  # noqa: F821
