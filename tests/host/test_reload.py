"""The UI reloaded three times in a row: one guard, one hook, the same pictures."""

from __future__ import annotations

from tests.host.support.client import OFF, Webui, assert_same
from tests.host.support.lora_files import CHARACTER, STYLE


def test_three_reloads_leave_one_guard(probed: Webui) -> None:
    asked, given = f"a cat <lora:{STYLE}:-0.9>", f"a cat <lora:{STYLE}:-0.5>"
    before = probed.txt2img(asked, "blurry", cfg_scale=9)

    for _ in range(3):
        probed.reload_ui()

    assert probed.probe()["hook_depth"] == 1
    after = probed.txt2img(asked, "blurry", cfg_scale=9)
    assert_same(before, after)
    assert_same(after, probed.txt2img(given, "blurry", cfg_scale=6, guard=OFF))
    assert before.infotext == after.infotext
    assert [finding["rule"] for finding in probed.findings()] == ["R1", "R3"]


def test_the_loader_is_guarded_after_a_reload(probed: Webui) -> None:
    probed.reload_ui()

    late = probed.txt2img("a cat", "blurry", probe={"append": f" <lora:{CHARACTER}:-0.5>"})

    assert_same(late, probed.txt2img("a cat", "blurry", guard=OFF))
