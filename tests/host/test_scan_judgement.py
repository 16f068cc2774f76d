"""Scans that the loaded model judges, too, in a running WebUI."""

from __future__ import annotations

import pytest

from tests.host.support.client import Webui, assert_same
from tests.host.support.lora_files import STYLE
from tests.host.support.scans import FORM, SMALL, ScanTab, as_typed, obeyed


def test_the_model_judges_a_scan_that_is_stopped_and_gone_on_with(
    tab: ScanTab, probed: Webui
) -> None:
    if not tab.ask("overview")["critic"]:
        pytest.skip("this WebUI's denoiser cannot be asked alone")
    before = probed.txt2img(f"a cat <lora:{STYLE}:-0.9>", cfg_scale=9)
    plain = probed.txt2img("a cat", cfg_scale=9)
    scan = tab.start(STYLE, **SMALL, seeds="1, 2", critic=True)
    tab.wait(lambda job: job["done"] >= 3)
    tab.ask("stop")
    stopped = tab.wait()
    assert stopped["error"] == ""
    # The next generation is the one that was made before, with a LoRA and without.
    assert_same(probed.txt2img(f"a cat <lora:{STYLE}:-0.9>", cfg_scale=9), before)
    assert_same(probed.txt2img("a cat", cfg_scale=9), plain)

    tab.ask("resume", scan=scan)
    done = tab.wait()
    assert (done["state"], done["done"], done["failed"], done["note"]) == ("done", 6, 0, "")
    for weight in ("-1.0000", "-0.5000"):
        cell = tab.ask("cell", scan=scan, cell=f"w{weight}_p00_s2")
        assert cell["unlikely"] is not None
        heat = probed.fetch("/lora-neg/page/scan-heat", scan=scan, cell=f"w{weight}_p00_s2")
        assert heat.startswith(b"\x89PNG")
    shown = tab.open(scan)
    assert shown["form"]["critic"] is True
    if shown["save"]["possible"]:  # random weights draw what is broken at weight 0 already
        obeyed(tab, probed, scan, STYLE, "-0.5")
    assert_same(probed.txt2img(f"a cat <lora:{STYLE}:-0.9>", cfg_scale=9), before)
    assert_same(tab.pictures(scan)[-1, 0, 2], as_typed(probed, STYLE, -1, 0, 2))


@pytest.mark.parametrize(("steps", "each"), [(20, 4), (10, 2), (2, 1)])
def test_the_model_is_asked_as_much_as_a_tenth_of_a_picture_allows(
    tab: ScanTab, steps: int, each: int
) -> None:
    if not tab.ask("overview")["critic"]:
        pytest.skip("this WebUI's denoiser cannot be asked alone")
    fields = {**SMALL, "seeds": "1", "steps": steps, "critic": True}
    cost = tab.ask("plan", **{**FORM, "lora": STYLE, **fields})["cost"]
    assert cost["asked"] == each * cost["pictures"]
    scan = tab.start(STYLE, **fields)
    done = tab.wait()
    assert (done["state"], done["failed"], done["note"]) == ("done", 0, "")
    cell = tab.ask("cell", scan=scan, cell="w-1.0000_p00_s1")
    assert cell["unlikely"] is not None
    assert cell["lost"] in (True, False)
