"""The scan tab in a browser, over drawings: from an empty tab to a saved verdict."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.scanning import CHECKPOINT

from .conftest import running_page
from .scan_driver import ScanPage
from .test_accessibility import AXE

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def scan_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = str(tmp_path_factory.mktemp("scans"))
    with running_page("scan_page.py", "--folder", folder, "--seconds", "0", seconds=300.0) as url:
        yield url


@pytest.fixture
def scan(browser: Any, scan_url: str) -> Iterator[ScanPage]:
    context = browser.new_context(viewport={"width": 1400, "height": 950}, accept_downloads=True)
    page = ScanPage(context.new_page(), scan_url)
    page.world(seconds=0, fails=False, busy=False, checkpoint=True, quick=True)
    page.open()
    yield page
    page.world(fails=False, busy=False, seconds=0)
    assert page.complaints() == []
    context.close()


def test_the_empty_tab_says_what_it_is_for_and_blames_nobody(scan: ScanPage) -> None:
    assert "Measure the safe range" in scan.page.locator(".lora-neg-scan-welcome").inner_text()
    assert scan.starter.is_disabled()
    assert scan.cost.inner_text() == "Choose a LoRA to see what a scan costs."
    scan.page.wait_for_timeout(600)
    assert scan.page.locator(".lora-neg-scan-form .lora-neg-failed:visible").count() == 0


def test_from_a_search_to_a_saved_verdict(scan: ScanPage) -> None:
    scan.small()
    assert "inkwash" in scan.page.locator(".lora-neg-prompt textarea").first.input_value()
    scan.cost.filter(has_text="6 pictures (3 weights × 2 prompts × 1 seed)").wait_for()
    scan.start()
    scan.wait("Finished: 6 of 6 pictures.")
    verdict = scan.page.locator(".lora-neg-scan-verdict")
    verdict.get_by_text(re.compile("damage starts at −1")).wait_for()
    assert scan.cells().count() == 6
    # The checkpoint by its name, not by its hash.
    scan.page.locator(".lora-neg-scan-result", has_text=f"on {CHECKPOINT.title}").wait_for()
    heads = scan.page.locator(".lora-neg-scan-table thead th")
    assert [re.split(r"\s|,", text)[0] for text in heads.all_inner_texts()] == ["−1", "−0.5", "0"]
    assert "damaged" in heads.first.inner_text()
    curves = scan.page.locator(".lora-neg-scan-curves")
    scan.until(lambda: curves.evaluate("image => image.complete && image.naturalWidth") == 720, 30)
    verdict.get_by_role("button", name="Save to this LoRA").click()
    verdict.get_by_text("Saved to this LoRA; the guard obeys it").wait_for()
    taking_back = verdict.get_by_role("button", name="Take back")
    assert taking_back.evaluate("button => document.activeElement === button")
    scan.choose("ink_style")
    scan.page.locator(".lora-neg-scan-about", has_text="damage from −1").wait_for()
    taking_back.click()
    verdict.get_by_text("What would be saved to this LoRA").wait_for()


def test_pictures_arrive_one_by_one_and_a_stopped_scan_is_gone_on_with(scan: ScanPage) -> None:
    scan.world(seconds=0.4)
    scan.small("style_000", seed=2)
    scan.start()
    scan.until(lambda: 1 <= scan.cells().count() < 6, 60)
    assert scan.starter.inner_text() == "A scan is running"
    assert scan.starter.is_disabled()
    scan.page.get_by_role("button", name="Stop").click()
    scan.wait("Stopped at")
    made = scan.cells().count()
    assert made < 6
    scan.world(seconds=0)
    scan.open()  # the page is loaded anew
    scan.wait("Stopped at", "style_000")
    scan.page.locator(".lora-neg-scan-progress").get_by_role("button", name="Go on").click()
    scan.wait("Finished: 6 of 6 pictures.")
    assert scan.cells().count() == 6


def test_a_scan_goes_on_without_its_page(scan: ScanPage) -> None:
    scan.world(seconds=0.3)
    scan.small("style_001", seed=3)
    scan.start()
    scan.until(lambda: scan.cells().count() >= 1, 60)
    scan.open()
    scan.until(lambda: scan.cells().count() >= 2, 60)
    scan.wait("Finished: 6 of 6 pictures.")


SLOW_ANSWERS = """(wait) => {
    const ask = window.fetch.bind(window);
    window.fetch = async (address, options) => {
        const name = Object.keys(wait).find((part) => String(address).includes(part));
        if (name) await new Promise((resolve) => setTimeout(resolve, wait[name]));
        return ask(address, options);
    };
}"""


@pytest.mark.parametrize("wait", [{"scan-plan": 900}, {"scan-plan": 900, "scan-lora": 900}])
def test_a_click_on_start_counts_however_slow_the_answers_are(
    scan: ScanPage, wait: dict[str, int]
) -> None:
    name = f"style_02{len(wait)}"
    scan.small("style_020", seed=20)
    scan.cost.filter(has_text="6 pictures").wait_for()
    scan.page.evaluate(SLOW_ANSWERS, wait)
    scan.picker.click()
    scan.picker.fill(name)
    item = scan.page.locator(".lora-neg-picker-item", has_text=name).first
    item.wait_for()
    item.click()
    if len(wait) == 1:
        scan.page.locator(".lora-neg-scan-about .lora-neg-type-line").wait_for()
        scan.fill("Weights", "-0.8, -0.4, 0")
    scan.start()
    scan.page.wait_for_timeout(400)
    scan.fill("Seeds", "21")  # still typed while the answer is awaited
    scan.wait("Finished: 6 of 6 pictures.", name)
    heads = scan.page.locator(".lora-neg-scan-table thead th").all_inner_texts()
    assert [re.split(r"\s|,", text)[0] for text in heads] == (
        ["−0.8", "−0.4", "0"] if len(wait) == 1 else ["−1", "−0.5", "0"]
    )
    assert "21" in scan.page.locator(".lora-neg-scan-table tbody th").first.inner_text()


def test_waiting_is_said(scan: ScanPage) -> None:
    scan.world(busy=True)
    scan.small("style_002", seed=4)
    scan.start()
    scan.wait("Waiting for its turn")
    scan.page.get_by_role("button", name="Stop").click()
    scan.wait("Stopped at 0 of 6 pictures.")


def test_a_host_that_fails_is_quoted_and_its_cells_are_marked(scan: ScanPage) -> None:
    scan.world(fails=True)
    scan.small("style_003", "-1, -0.9, -0.5, 0", seed=5)
    scan.start()
    scan.wait("Failed at 4 of 8 pictures: RuntimeError: no picture at")
    scan.until(lambda: scan.page.locator(".lora-neg-scan-fault").count() >= 2)
    assert scan.cells().count() == 2
    scan.world(fails=False)
    scan.page.get_by_role("button", name="Go on").first.click()
    scan.wait("Finished: 8 of 8 pictures.")
    assert scan.page.locator(".lora-neg-scan-fault").count() == 0


def test_faults_are_told_at_their_fields(scan: ScanPage) -> None:
    scan.choose("for_sd1")
    scan.fill("Weights", "-1, x")
    scan.fill("Seeds", "-1")
    for words in ("made for sd1", "'x' is no weight and no range", "'-1' is no seed"):
        scan.page.locator(".lora-neg-scan-form .lora-neg-failed", has_text=words).wait_for()
    assert scan.starter.is_disabled()
    described = scan.page.get_by_label("Weights", exact=True).get_attribute("aria-describedby")
    note = scan.page.locator(f"#{described}")
    assert "no weight" in note.inner_text()


def test_no_checkpoint_and_no_quick_scan(scan: ScanPage) -> None:
    scan.world(checkpoint=False, quick=False)
    scan.open()
    scan.page.get_by_text("No checkpoint is chosen.").wait_for()
    assert scan.page.locator("input[value=quick]").is_disabled()
    # It is chosen in another tab, and this one is looked at again.
    scan.world(checkpoint=True, quick=True)
    scan.page.get_by_text("txt2img", exact=True).first.click()
    scan.page.get_by_text("LoRA Scan", exact=True).first.click()
    scan.page.get_by_text("drawn.safetensors").first.wait_for()
    assert scan.page.locator("input[value=quick]").is_enabled()


def test_everything_by_keyboard(scan: ScanPage) -> None:
    scan.small("style_004", seed=6)
    scan.start()
    scan.wait("Finished", "style_004")
    scan.page.locator(".lora-neg-scan-verdict").wait_for()
    scan.picker.focus()
    scan.page.keyboard.press("ArrowDown")
    scan.page.locator(".lora-neg-picker-item").first.wait_for()
    scan.page.keyboard.type("aria")
    scan.page.locator(".lora-neg-picker-item", has_text="aria").wait_for()
    scan.until(lambda: scan.page.locator(".lora-neg-picker-item").count() == 1)
    assert scan.picker.get_attribute("aria-activedescendant").endswith("_0")
    scan.page.keyboard.press("Enter")
    scan.page.locator(".lora-neg-scan-about", has_text="character").wait_for()
    assert scan.picker.get_attribute("aria-expanded") == "false"
    scan.cell(0, 0).focus()
    scan.page.keyboard.press("ArrowRight")
    scan.page.keyboard.press("ArrowDown")
    assert scan.cell(1, 1).evaluate("cell => document.activeElement === cell")
    assert scan.page.locator(".lora-neg-scan-cell[tabindex='0']").count() == 1
    scan.page.keyboard.press("Enter")
    dialog = scan.page.locator("dialog[open]")
    dialog.get_by_text("Weight −0.5, seed 6").wait_for()
    scan.page.keyboard.press("ArrowLeft")
    dialog.get_by_text("Weight −1, seed 6").wait_for()
    scan.page.keyboard.press("Escape")
    assert dialog.count() == 0
    assert scan.cell(1, 0).evaluate("cell => document.activeElement === cell")


def test_a_cell_and_the_grid_are_sent_to_txt2img(scan: ScanPage) -> None:
    scan.small("style_005", seed=7)
    scan.start()
    scan.wait("Finished", "style_005")
    scan.cell(0, 1).click()
    dialog = scan.page.locator("dialog[open]")
    dialog.locator(".lora-neg-scan-infotext", has_text="Seed: 7").wait_for()
    dialog.get_by_role("button", name="Send to txt2img").click()
    pasted = scan.page.locator("#pasted textarea")
    scan.until(lambda: pasted.input_value().endswith("Seed: 7, guard off"))
    scan.page.get_by_role("button", name="Send to XYZ plot").click()
    scan.until(lambda: "X Values: -1 - 0 [3]" in pasted.input_value())


def test_a_quick_scan_and_an_ab_picture_have_their_own_views(scan: ScanPage) -> None:
    scan.small("aria", "-1 - 1 [9]", seed=8)
    scan.kind("Quick scan")
    scan.cost.filter(has_text="No pictures, ").wait_for()
    scan.start()
    scan.wait("Finished: 9 of 9 weights.")
    scan.page.get_by_text("Quick scan · aria").wait_for()
    scan.page.get_by_text("Damage is to be expected from").first.wait_for()
    assert scan.page.locator(".lora-neg-scan-grid").is_hidden()
    scan.choose("wrong")
    scan.page.get_by_role("button", name="A/B picture", exact=True).click()
    word = "Word added to the negative prompt with the LoRA"
    scan.until(lambda: scan.page.get_by_label(word).input_value() == "wrong")
    assert scan.page.get_by_label("Weights", exact=True).input_value() == "1"
    scan.start()
    scan.wait("Finished", "wrong")
    scan.page.get_by_text(re.compile("With the LoRA at 1, . pictures differ")).first.wait_for()
    assert scan.page.get_by_role("button", name="Save to this LoRA").count() == 0
    scan.cell(0, 1).click()
    scan.page.locator("dialog[open] figure").nth(1).wait_for()


def test_past_scans_are_opened_used_again_and_deleted(scan: ScanPage) -> None:
    scan.small("style_006", seed=9)
    scan.start()
    scan.wait("Finished", "style_006")
    scan.open()
    entry = scan.page.locator(".lora-neg-scan-entry", has_text="style_006")
    entry.locator("button").click()
    scan.page.get_by_text("Weight scan · style_006").wait_for()
    scan.fill("Seeds", "77")
    scan.page.get_by_role("button", name="Use again").click()
    scan.until(lambda: scan.page.get_by_label("Seeds").input_value() == "9")
    scan.cost.filter(has_text="It was made before.").wait_for()
    with scan.page.expect_download() as saved:
        scan.page.get_by_role("link", name="Report").click()
    assert saved.value.suggested_filename.endswith(".html")
    assert "Weight scan of style_006" in Path(saved.value.path()).read_text("utf-8")
    scan.page.once("dialog", lambda dialog: dialog.dismiss())
    scan.page.get_by_role("button", name="Delete").click()
    scan.page.once("dialog", lambda dialog: dialog.accept())
    scan.page.get_by_role("button", name="Delete").click()
    entry.wait_for(state="detached")
    assert scan.page.locator(".lora-neg-scan-welcome").is_visible()


def test_a_narrow_window_keeps_everything_in_reach(scan: ScanPage) -> None:
    scan.page.set_viewport_size({"width": 420, "height": 900})
    scan.small("a very long name", "-1 - 0 [11]", seed=10)
    scan.start()
    scan.wait("Finished")
    scan.page.locator(".lora-neg-scan-verdict").wait_for()
    assert scan.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth + 1")
    top = scan.page.locator(".lora-neg-scan-result").bounding_box()["y"]
    assert top < scan.page.locator(".lora-neg-scan-history").bounding_box()["y"]


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed: npm ci")
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_serious_violation(scan: ScanPage, theme: str) -> None:
    scan.page.evaluate(f"document.body.classList.toggle('dark', {str(theme == 'dark').lower()})")
    assert scan.axe() == []
    scan.small("ink_style")
    scan.picker.click()
    scan.page.locator(".lora-neg-picker-item").first.wait_for()
    assert scan.axe() == []
    scan.page.keyboard.press("Escape")
    scan.fill("Weights", "-1, x")
    scan.page.locator(".lora-neg-scan-form .lora-neg-failed", has_text="no weight").wait_for()
    assert scan.axe() == []
    scan.page.locator(".lora-neg-scan-entry button").first.click()
    scan.page.locator(".lora-neg-scan-head h3").wait_for()
    assert scan.axe() == []
    if scan.cells().count():
        scan.cells().first.click()
        scan.page.locator("dialog[open]").wait_for()
        assert scan.axe() == []


def test_a_change_is_said_aloud_but_not_every_picture(scan: ScanPage) -> None:
    said = scan.page.locator(".lora-neg-scan > p[aria-live=polite]")
    scan.page.evaluate(
        """() => {
            window.heard = [];
            const said = document.querySelector(".lora-neg-scan > p[aria-live=polite]");
            new MutationObserver(() => window.heard.push(said.textContent))
                .observe(said, { childList: true, characterData: true, subtree: true });
        }"""
    )
    scan.small("style_007", "-1 - 0 [21]", seed=11)
    scan.start()
    scan.wait("Finished", "style_007")
    assert said.inner_text() == "style_007: Finished: 42 of 42 pictures."
    assert len(scan.page.evaluate("window.heard")) <= 16


def test_the_model_judges_too_and_shows_where_it_balks(scan: ScanPage) -> None:
    tick = scan.page.get_by_label("Let the model judge, too")
    assert not tick.is_visible()
    scan.world(critic=True)
    scan.open()
    scan.small(seed=31)
    tick.check()
    scan.until(lambda: "13 % more to ask the model" in scan.cost.inner_text())
    scan.kind("Quick scan")
    assert not tick.is_visible()
    scan.kind("Weight scan")
    scan.start()
    # Until then the page tells of the scan before.
    scan.page.locator(".lora-neg-scan-table tbody th", has_text="seed 31").first.wait_for()
    scan.wait("Finished")
    scan.cell(0, 0).click()
    dialog = scan.page.locator("dialog[open]")
    dialog.get_by_text("less likely than at weight 0").wait_for()
    picture = dialog.locator("img").first
    assert "scan-picture" in picture.get_attribute("src")
    dialog.get_by_label("Where the model balks").check()
    dialog.locator("img[src*='scan-heat']").wait_for()
    scan.until(lambda: dialog.locator("img").first.evaluate("image => image.naturalWidth > 0"))
    assert scan.axe() == []
    scan.page.keyboard.press("Escape")
    scan.world(critic=False)
