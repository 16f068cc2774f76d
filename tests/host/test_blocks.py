"""A mask of blocks that was saved with a LoRA, in a running WebUI."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.host.support.client import OFF, Picture, Webui, assert_differ, assert_same
from tests.host.support.lora_files import CONCEPT, STYLE
from tests.host.support.scans import FORM, ScanTab

PROMPT, NEGATIVE = "a cat", "blurry"
EDIT = "/lora-neg/page/library-edit"
KEY = "LoRA Neg blocks"

Keep = Callable[[str | None], None]


@pytest.fixture
def keep(webui: Webui) -> Iterator[Keep]:
    """Return what saves a mask with the test's style; it is taken back afterwards."""

    def kept(mask: str | None) -> None:
        done = webui.post(EDIT, {"names": [STYLE], "set": {"blocks": mask}})
        assert done["failed"] == 0

    yield kept
    kept(None)


def made(webui: Webui, tag: str, **more: object) -> Picture:
    return webui.txt2img(f"{PROMPT} {tag}", NEGATIVE, cfg_scale=5.0, **more)


def test_it_acts_like_one_in_the_tag_until_it_is_taken_back(webui: Webui, keep: Keep) -> None:
    plain = made(webui, f"<lora:{STYLE}:0.8>")
    written = made(webui, f"<lora:{STYLE}:0.8:blocks=-OUT>", guard=OFF)
    assert_differ(written, plain)
    keep("-OUT")
    found = made(webui, f"<lora:{STYLE}:0.8>")
    assert_same(found, written)
    assert f"<lora:{STYLE}:0.8:blocks=-OUT>" in found.prompt
    assert "-OUT" in found.said.parameters[KEY]
    assert_same(webui.from_infotext(found.infotext, guard=OFF), found)
    assert_same(made(webui, f"<lora:{STYLE}:0.8>", guard=OFF), plain)
    keep(None)
    assert_same(made(webui, f"<lora:{STYLE}:0.8>"), plain)


def test_another_mask_is_another_picture(webui: Webui, keep: Keep) -> None:
    keep("-OUT")
    one = made(webui, f"<lora:{STYLE}:0.8>")
    keep("-IN")
    other = made(webui, f"<lora:{STYLE}:0.8>")
    assert_differ(one, other)
    assert_same(made(webui, f"<lora:{STYLE}:0.8:blocks=-IN>", guard=OFF), other)


def test_a_scan_is_made_with_the_mask_and_says_so(probed: Webui, keep: Keep) -> None:
    tab = ScanTab(probed)
    form = {"weights": "0.8", "prompts": FORM["prompts"][:1]}
    try:
        keep("-OUT")
        masked = tab.start(STYLE, **form)
        assert tab.wait()["state"] == "done"
        assert ["Blocks", "-OUT"] in tab.open(masked)["facts"]
        (cell,) = [cell for key, cell in tab.pictures(masked).items() if key[0]]
        text = f"{FORM['prompts'][0]['text']}<lora:{STYLE}:0.8"
        typed = probed.txt2img(f"{text}:blocks=-OUT>", FORM["negative_prompt"], guard=OFF)
        assert_same(cell, typed)
        assert "-OUT" in cell.said.parameters[KEY]
        assert_same(probed.from_infotext(cell.infotext, guard=OFF), cell)

        keep(None)
        plain = tab.start(STYLE, **form)
        assert tab.wait()["state"] == "done"
        assert plain != masked
        (cell,) = [cell for key, cell in tab.pictures(plain).items() if key[0]]
        assert_same(cell, probed.txt2img(f"{text}>", FORM["negative_prompt"], guard=OFF))
    finally:
        put_away(tab)


def test_a_quick_scan_knows_the_mask(probed: Webui, keep: Keep) -> None:
    tab = ScanTab(probed)
    if not tab.ask("overview")["quick"]:
        pytest.skip("this WebUI's denoiser cannot be asked alone: no quick scans")
    before = made(probed, f"<lora:{STYLE}:0.8>")
    found = []
    try:
        for mask in (None, "-OUT", "+OUT"):
            keep(mask)
            scan = tab.start(STYLE, kind="quick", weights="-1, -0.5, 0.5, 1", part="unet")
            job = tab.wait()
            assert (job["state"], job["error"]) == ("done", "")
            found.append(tab.open(scan)["verdict"]["points"])
    finally:
        put_away(tab)
    assert found[0] != found[1] != found[2] != found[0]
    keep(None)
    assert_same(made(probed, f"<lora:{STYLE}:0.8>"), before)


def put_away(tab: ScanTab) -> None:
    tab.ask("stop")
    tab.wait()
    for entry in tab.ask("history")["entries"]:
        tab.ask("delete", scan=entry["scan"])


def test_which_layers_pull_in_opposite_directions_is_read_from_the_files(webui: Webui) -> None:
    loras = [{"name": STYLE, "weight": 0.8}, {"name": CONCEPT, "weight": 0.5}]
    found = webui.post("/lora-neg/page/library-conflict", {"loras": loras})
    assert STYLE in found["text"]
    assert webui.post("/lora-neg/page/library-conflict", {"loras": loras}) == found
