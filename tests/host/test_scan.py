"""Scans in a running WebUI, by the routes of the scan tab."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from tests.host.support.client import OFF, Picture, Webui, assert_differ, assert_same
from tests.host.support.lora_files import CONCEPT, SLIDER, STYLE, STYLE_B
from tests.host.support.scans import FORM, SMALL, ScanTab, as_typed, obeyed
from tests.host.support.server import Server


def finished_files(server: Server, scan: str) -> dict[str, int]:
    """Return the pictures of a scan on disk, with their time of writing."""
    folder = server.data / "lora_neg" / "scans" / scan / "cells"
    return {path.name: path.stat().st_mtime_ns for path in folder.glob("w*.png")}


def test_a_scan_of_nine_weights_and_three_prompts(
    tab: ScanTab, server: Server | None, probed: Webui
) -> None:
    """Interrupted with the host's own button, resumed, judged; saved where it promises anything.

    Random weights, and few steps, make pictures that are broken at weight 0 already.
    """
    scan = tab.start(STYLE)
    tab.wait(lambda job: job["done"] >= 4)
    probed.post("/sdapi/v1/interrupt", {})
    stopped = tab.wait()
    assert (stopped["state"], stopped["error"], stopped["failed"]) == ("stopped", "", 0)
    assert 4 <= stopped["done"] < 27
    before = finished_files(server, scan) if server is not None else {}

    tab.ask("resume", scan=scan)
    done = tab.wait()
    assert (done["state"], done["done"], done["failed"]) == ("done", 27, 0)
    assert done["kept"] == stopped["done"]
    if server is not None:
        after = finished_files(server, scan)
        assert len(after) == 27
        assert before.items() <= after.items()

    shown = tab.open(scan)
    assert shown["verdict"]["sentence"]
    report = probed.fetch("/lora-neg/page/scan-report", scan=scan)
    assert f"Weight scan of {STYLE}".encode() in report
    assert report.count(b"data:image/") == 2
    if shown["save"]["possible"]:
        obeyed(tab, probed, scan, STYLE, "-0.5")


def test_what_a_quick_scan_found_is_saved_and_obeyed(tab: ScanTab, probed: Webui) -> None:
    skip_without_quick_scans(tab)
    scan = tab.start(SLIDER, kind="quick")
    assert tab.wait()["state"] == "done"
    shown = tab.open(scan)

    assert shown["save"]["possible"], (shown["verdict"], shown["save"])
    obeyed(tab, probed, scan, SLIDER, "-3")


def skip_without_quick_scans(tab: ScanTab) -> None:
    if not tab.ask("overview")["quick"]:
        pytest.skip("this WebUI's denoiser cannot be asked alone: no quick scans")


def test_cells_are_what_txt2img_makes_without_the_guard(tab: ScanTab, probed: Webui) -> None:
    scan = tab.start(STYLE, **{**SMALL, "seeds": "1, 2"})
    assert tab.wait()["state"] == "done"

    cells = tab.pictures(scan)

    assert sorted(cells) == [(w, 0, seed) for w in (-1, -0.5, 0) for seed in (1, 2)]
    for (weight, prompt, seed), cell in cells.items():
        assert_same(cell, as_typed(probed, STYLE, weight, prompt, seed))
    assert_differ(cells[-1, 0, 1], cells[0, 0, 1])
    assert_differ(cells[-1, 0, 1], cells[-0.5, 0, 1])


def test_a_cells_infotext_makes_its_picture_again(tab: ScanTab, probed: Webui) -> None:
    scan = tab.start(STYLE, **SMALL)
    tab.wait()
    cell = tab.pictures(scan)[-1, 0, 1]

    assert cell.said.parameters["LoRA Neg"] == "Off"
    # The paste button switches the guard off by that; the API leaves that to who asks.
    assert_same(cell, probed.from_infotext(cell.infotext, guard=OFF))


def test_the_parts_of_a_lora_are_scanned_apart(tab: ScanTab, probed: Webui) -> None:
    made = {}
    for part, tag in (("unet", f"<lora:{STYLE}:0:-1>"), ("text_encoder", f"<lora:{STYLE}:-1:0>")):
        scan = tab.start(STYLE, **SMALL, part=part, held=0)
        assert tab.wait()["state"] == "done"
        made[part] = tab.pictures(scan)[-1, 0, 1]
        text = FORM["prompts"][0]["text"] + tag
        assert_same(made[part], probed.txt2img(text, FORM["negative_prompt"], guard=OFF))
    assert_differ(made["unet"], made["text_encoder"])


def test_nothing_is_left_for_the_next_generation(tab: ScanTab, probed: Webui) -> None:
    asked = f"a cat <lora:{STYLE}:-0.9>"
    with probed.settings(sd_lora=STYLE_B):
        guarded = probed.txt2img(asked, cfg_scale=9)
        typed = probed.txt2img(f"a dog <lora:{CONCEPT}:-0.8>", guard=OFF)
        scan = tab.start(STYLE, **SMALL)
        tab.wait()

        after = probed.txt2img(asked, cfg_scale=9)
        assert after.infotext == guarded.infotext
        assert_same(after, guarded)
        assert_same(probed.txt2img(f"a dog <lora:{CONCEPT}:-0.8>", guard=OFF), typed)
    # The LoRA that the host adds to every prompt is not in the scan's.
    assert_same(tab.pictures(scan)[-1, 0, 1], as_typed(probed, STYLE, -1, 0))
    assert probed.probe()["running"] == 0


def test_the_scan_is_not_the_users_last_picture(tab: ScanTab, server: Server | None) -> None:
    if server is None:
        pytest.skip("needs the WebUI's own folder")
    tab.webui.txt2img("a picture of the user")
    tab.start(STYLE, **SMALL)
    tab.wait()

    assert (server.data / "params.txt").read_text().startswith("a picture of the user")
    saved = [path for path in server.data.rglob("*.png") if "lora_neg" not in path.parts]
    assert saved == []


def test_another_generation_gets_its_turn(tab: ScanTab, probed: Webui) -> None:
    alone = probed.txt2img("a boat", cfg_scale=9)
    scan = tab.start(STYLE, weights="-1 - 1 [9]")
    tab.wait(lambda job: job["done"] >= 2)
    made: list[Any] = []
    other = Webui(probed.url)

    def generate() -> None:
        made.append((other.txt2img("a boat", cfg_scale=9), tab.job()))

    thread = threading.Thread(target=generate)
    thread.start()
    thread.join(120)
    other.close()

    ((picture, job),) = made
    assert not job["over"], "the picture had to wait for the whole scan"
    assert_same(picture, alone)
    assert picture.infotext == alone.infotext
    tab.wait(lambda job: job["done"] >= 12)
    tab.ask("stop")
    tab.wait()
    cells = tab.pictures(scan)
    late = max(cells, key=lambda cell: (abs(cell[0]), -cell[0]))
    assert_same(cells[late], as_typed(probed, STYLE, late[0], late[1]))


def test_the_hosts_progress_says_what_runs(tab: ScanTab, probed: Webui) -> None:
    tab.start(STYLE)
    tab.wait(lambda job: job["done"] >= 1)
    jobs = set()
    until = time.monotonic() + 60
    while time.monotonic() < until and not jobs & {f"LoRA scan {n}/27" for n in range(1, 28)}:
        jobs.add(probed.get("/sdapi/v1/progress?skip_current_image=true")["state"]["job"])
    assert any(job.startswith("LoRA scan ") for job in jobs), jobs
    tab.ask("stop")
    tab.wait()
    assert probed.get("/sdapi/v1/progress?skip_current_image=true")["state"]["job"] == ""


def test_stopping_ends_within_a_picture(tab: ScanTab) -> None:
    tab.start(STYLE, steps=100, weights="-1, 1")
    tab.wait(lambda job: job["state"] == "running")
    time.sleep(0.5)
    started = time.monotonic()
    tab.ask("stop")
    job = tab.wait()
    assert job["state"] == "stopped"
    assert time.monotonic() - started < 20


def test_a_checkpoint_changed_meanwhile_stops_the_scan(
    tab: ScanTab, probed: Webui, checkpoints: Any
) -> None:
    here = probed.get("/sdapi/v1/options")["sd_model_checkpoint"]
    others = [c for c in checkpoints if c.family == "sd1" and not here.startswith(c.path.name)]
    if not others:
        pytest.skip("needs a second SD1 checkpoint")
    scan = tab.start(STYLE)
    tab.wait(lambda job: job["done"] >= 2)
    try:
        probed.post("/sdapi/v1/options", {"sd_model_checkpoint": others[0].title})
        job = tab.wait()
        assert job["state"] == "failed"
        assert "checkpoint was changed" in job["error"]
    finally:
        probed.post("/sdapi/v1/options", {"sd_model_checkpoint": here})
    tab.ask("resume", scan=scan)
    tab.wait(lambda state: state["done"] >= job["done"] + 1)
    tab.ask("stop")
    tab.wait()
    cells = tab.pictures(scan)
    for (weight, prompt, seed), cell in list(cells.items())[-2:]:
        assert_same(cell, as_typed(probed, STYLE, weight, prompt, seed))


def test_a_quick_scan_asks_the_denoiser(tab: ScanTab, probed: Webui) -> None:
    skip_without_quick_scans(tab)
    before = probed.txt2img(f"a cat <lora:{STYLE}:-0.9>", cfg_scale=9)
    scan = tab.start(STYLE, kind="quick", weights="-1, -0.5, 0.5, 1")
    job = tab.wait()
    assert (job["state"], job["error"]) == ("done", "")

    shown = tab.open(scan)
    assert shown["cells"] == []
    assert shown["sentence"]
    numbers = tab.webui.fetch("/lora-neg/page/scan-json", scan=scan)
    assert b'"effect"' in numbers
    assert_same(probed.txt2img(f"a cat <lora:{STYLE}:-0.9>", cfg_scale=9), before)


def test_a_scan_is_gone_on_with_after_a_ui_reload(tab: ScanTab, probed: Webui) -> None:
    scan = tab.start(STYLE)
    tab.wait(lambda job: job["done"] >= 3)

    probed.reload_ui()

    (entry,) = tab.ask("history")["entries"]
    assert entry["unfinished"]
    tab.ask("resume", scan=scan)
    job = tab.wait(lambda job: job["done"] >= entry["finished"] + 2)
    assert job["kept"] >= 3
    assert job["failed"] == 0


def test_killing_the_webui_loses_the_cell_in_flight(
    tab: ScanTab, server: Server | None, probed: Webui
) -> None:
    if server is None:
        pytest.skip("needs a WebUI that these tests started")
    scan = tab.start(STYLE)
    done = tab.wait(lambda job: job["done"] >= 5)["done"]
    server.kill()
    before = finished_files(server, scan)
    assert len(before) >= done
    server.start()

    (entry,) = tab.ask("history")["entries"]
    assert entry["finished"] in (len(before), len(before) - 1)
    tab.ask("resume", scan=scan)
    job = tab.wait(lambda job: job["done"] >= done + 3)
    assert job["kept"] == entry["finished"]
    tab.ask("stop")
    tab.wait()
    after = finished_files(server, scan)
    kept = {name for name, changed in before.items() if after.get(name) == changed}
    assert len(kept) >= len(before) - 1
    cells = tab.pictures(scan)
    last = list(cells)[-1]
    assert_same(cells[last], as_typed(probed, STYLE, last[0], last[1]))


def test_pictures_carry_their_infotext(tab: ScanTab) -> None:
    scan = tab.start(STYLE, **SMALL)
    tab.wait()
    for (weight, prompt, seed), cell in tab.pictures(scan).items():
        check_infotext(cell, weight, prompt, seed)


def check_infotext(cell: Picture, weight: float, prompt: int, seed: int) -> None:
    tag = f"<lora:{STYLE}:{weight:g}>" if weight else ""
    assert cell.prompt == FORM["prompts"][prompt]["text"] + tag
    assert cell.negative == FORM["negative_prompt"]
    assert cell.said.parameters["Seed"] == str(seed)
    assert cell.said.cfg_scale == FORM["cfg"]
