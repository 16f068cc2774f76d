"""What the scan tab's routes answer while a LoRA is chosen and its scan runs."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

import pytest

from lib_lora_neg.loras.decisions import Decision
from lib_lora_neg.scan.jobs import ScanJobs
from lib_lora_neg.scan.locking import locked
from lib_lora_neg.scan.past_scans import history
from lib_lora_neg.scan.plan import ScanCell
from lib_lora_neg.scan.questions import question_set
from lib_lora_neg.ui.scan.answers import scan_answers
from lib_lora_neg.ui.scan.form import ScanError
from tests.scan.worlds import Eye, World
from tests.support.scanning import CHECKPOINT

from .scan_tab import FORM, SECONDS, Tab


def test_the_tab_begins_with_what_can_be_chosen(tab: Tab) -> None:
    seen = tab.ask("overview")
    assert seen["checkpoint"] == {
        "title": CHECKPOINT.title, "digest": CHECKPOINT.digest, "family": "sdxl",
    }  # fmt: skip
    assert [preset["weights"] for preset in seen["presets"]] == [
        "-1, -0.5, 0, 0.5, 1", "-1, -0.75, -0.5, -0.25, 0, 0.25, 0.5, 0.75, 1", "-1 - 1 [21]",
    ]  # fmt: skip
    assert seen["form"]["negative_prompt"] == "lowres"
    assert seen["form"]["width"] == 512
    assert (seen["quick"], seen["sends"], seen["job"], seen["loras"]) == (True, True, None, 4)
    tab.host.chosen, tab.host.lines = None, None
    seen = tab.ask("overview")
    assert (seen["checkpoint"], seen["quick"]) == (None, False)


def test_loras_of_another_family_come_last(tab: Tab) -> None:
    rows = tab.ask("loras", search="")["rows"]
    assert [(row["name"], row["fits"]) for row in rows] == [
        ("bad", True), ("ink", True), ("wrong", True), ("zzz for sd1", False),
    ]  # fmt: skip
    assert (rows[1]["letter"], rows[1]["range"]) == ("St", "≥ −0.5")
    found = tab.ask("loras", search="INKW")
    assert ([row["name"] for row in found["rows"]], found["matched"]) == (["ink"], 1)


def test_choosing_a_lora_suggests_prompts_and_what_to_compare(tab: Tab) -> None:
    seen = tab.ask("lora", name="ink")
    subjects = [prompt["subject"] for prompt in seen["prompts"]]
    assert True in subjects
    assert False in subjects
    assert any("inkwash" in prompt["text"] for prompt in seen["prompts"])
    assert seen["compare"] == {"weight": -0.5, "word": ""}
    assert tab.ask("lora", name="wrong")["compare"] == {"weight": 1.0, "word": "wrong"}
    assert tab.ask("lora", name="bad")["compare"] == {"weight": -1.0, "word": ""}
    assert "made for sd1" in tab.ask("lora", name="zzz for sd1")["problem"]
    with pytest.raises(ScanError, match="No LoRA of this name"):
        tab.ask("lora", name="../ink")


def test_the_mask_that_it_is_scanned_with_is_said_before_and_after(tab: Tab) -> None:
    assert tab.ask("lora", name="ink")["blocks"] == ""
    plain = tab.finish()
    tab.host.library.kept["ink"] = Decision(block_mask="-OUT3")
    assert "-OUT3" in str(tab.ask("lora", name="ink")["blocks"])
    masked = tab.finish()
    assert masked != plain
    assert ["Blocks", "-OUT3"] in tab.ask("open", scan=masked)["facts"]
    assert "Blocks" not in dict(tab.ask("open", scan=plain)["facts"])


def test_the_cost_is_told_before_anything_starts(tab: Tab) -> None:
    told = tab.ask("plan", **FORM)
    assert told["cost"] == {
        "pictures": 8, "weights": 4, "prompts": 2, "seeds": 1, "evaluations": 320,
        "asked": 0, "seconds": None,
    }  # fmt: skip
    assert told["existing"] is None
    quick = tab.ask("plan", **{**FORM, "kind": "quick"})["cost"]
    assert (quick["pictures"], quick["evaluations"]) == (0, 16)
    assert tab.ask("plan", **{**FORM, "seeds": "?"})["errors"] == {
        "seeds": "'?' is no seed; a scan needs fixed ones, 0 or more."
    }
    assert not tab.host.folder.exists()


def test_the_model_is_asked_only_where_it_is_wanted_and_can_be(tab: Tab) -> None:
    wanted = {**FORM, "critic": True}
    assert not tab.ask("overview")["critic"]
    assert tab.ask("plan", **wanted)["cost"]["asked"] == 0
    tab.host.model = eye = Eye()
    assert tab.ask("overview")["critic"]
    assert tab.ask("plan", **wanted)["cost"]["asked"] == 4 * 8
    few = tab.ask("plan", **{**wanted, "steps": 4})["cost"]
    assert (few["evaluations"], few["asked"]) == (8 * 8, 8)
    assert tab.ask("plan", **{**wanted, "kind": "quick"})["cost"]["asked"] == 0
    assert tab.ask("plan", **{**wanted, "critic": "yes"})["cost"]["asked"] == 0
    scan = tab.finish()
    assert eye.asked == []
    assert tab.ask("open", scan=scan)["form"]["critic"] is False
    assert tab.ask("cell", scan=scan, cell="w-1.0000_p00_s1")["unlikely"] is None
    with pytest.raises(ScanError, match="was not asked"):
        tab.files["scan-heat"]({"scan": scan, "cell": "w-1.0000_p00_s1"})
    assert not tab.ask("plan", **FORM)["existing"]["unread"]
    assert tab.ask("plan", **wanted)["existing"]["unread"]
    assert tab.finish(critic=True) == scan
    assert sum(len(questions) for _, questions in eye.asked) == 4 * 8
    assert not tab.ask("plan", **wanted)["existing"]["unread"]
    assert tab.ask("open", scan=scan)["form"]["critic"] is True
    assert tab.ask("cell", scan=scan, cell="w-1.0000_p00_s1")["unlikely"] > 0
    assert tab.ask("cell", scan=scan, cell="w0.0000_p00_s1")["unlikely"] is None
    (store,) = [past.store() for past in history(tab.host.folder)]
    stored = store.find(ScanCell(-1.0, 0, 1))
    assert stored is not None
    assert stored.reading is not None
    lost_from = question_set(store.plan.sampling).lost_from
    for octaves, lost in ((lost_from - 0.01, False), (lost_from + 0.01, True)):
        at_zero = store.reading(ScanCell(0.0, 0, 1))
        assert at_zero is not None
        assert at_zero.blank is not None
        assert at_zero.prompted is not None
        assert stored.reading.prompted is not None
        share = at_zero.blank / at_zero.prompted / 2**octaves
        shown = replace(stored.reading, blank=stored.reading.prompted * share)
        store.save_reading(stored, shown)
        assert tab.ask("cell", scan=scan, cell="w-1.0000_p00_s1")["lost"] is lost
    drawn = tab.files["scan-heat"]({"scan": scan, "cell": "w-1.0000_p00_s1"})
    assert drawn.data.startswith(b"\x89PNG")
    assert drawn.data != tab.files["scan-picture"]({"scan": scan, "cell": "w-1.0000_p00_s1"}).data
    report = tab.files["scan-report"]({"scan": scan}).data.decode()
    assert "Where the model balks" in report


@pytest.mark.parametrize(("stopped_at", "asked"), [(-0.5, False), (-1, True)])
def test_going_on_with_a_scan_goes_on_asking(tab: Tab, stopped_at: float, asked: bool) -> None:
    """Also with one that was stopped before there were enough pictures to ask about."""
    world, eye = World("noise", 0.55, side=64, max_batch=1), Eye()
    world.before = lambda weight, request: tab.jobs.stop() if weight == stopped_at else None
    tab.host.maker, tab.host.model = world, eye
    scan = tab.finish(critic=True)
    assert bool(eye.asked) is asked
    assert tab.ask("open", scan=scan)["form"]["critic"] is True
    tab.host.maker, tab.host.model = World("noise", 0.55, side=64), Eye()
    tab.ask("resume", scan=scan)
    tab.jobs.wait(SECONDS)
    assert tab.ask("cell", scan=scan, cell="w-1.0000_p00_s1")["unlikely"] is not None


def test_the_time_is_told_once_it_is_known(finished: tuple[Tab, str]) -> None:
    tab, scan = finished
    told = tab.ask("plan", **{**FORM, "seeds": "1, 2"})
    assert told["cost"]["seconds"] > 0
    assert tab.ask("plan", **FORM)["existing"]["scan"] == scan


def test_a_scan_is_watched_from_start_to_end(tab: Tab) -> None:
    tab.host.queue.acquire()
    scan = tab.ask("start", **FORM)["job"]["scan"]
    seen = tab.ask("state", after=0)
    assert (seen["job"]["state"], seen["job"]["done"], seen["news"]) == ("waiting", 0, [])
    assert tab.ask("open", scan=scan)["running"]
    with pytest.raises(ScanError, match="The scan of ink is running"):
        tab.ask("start", **{**FORM, "seeds": "2"})
    with pytest.raises(ScanError, match="running; stop it first"):
        tab.ask("delete", scan=scan)
    tab.host.queue.release()
    tab.jobs.wait(SECONDS)
    seen = tab.ask("state", after=0)
    assert (seen["job"]["state"], seen["job"]["over"], seen["after"]) == ("done", True, 8)
    assert seen["news"][0] == {
        "id": "w0.0000_p00_s1", "weight": 0.0, "prompt": 0, "seed": 1, "error": "",
    }  # fmt: skip
    assert len(tab.ask("state", after=6)["news"]) == 2
    assert tab.ask("state", after=8)["news"] == []


def test_an_interrupted_scan_is_offered_and_gone_on_with(tab: Tab) -> None:
    world = World("noise", 0.55, side=64, max_batch=1)
    world.before = lambda weight, request: tab.jobs.stop() if weight < 0 else None
    tab.host.maker = world
    scan = tab.finish()
    assert tab.ask("state", after=0)["job"]["state"] == "stopped"
    (entry,) = tab.ask("history")["entries"]
    assert (entry["scan"], entry["unfinished"], entry["finished"]) == (scan, True, 3)
    assert "The scan is not finished" in tab.ask("open", scan=scan)["save"]["notes"][0]
    world.before = lambda weight, request: None
    # As after a crash or a restart of the host: nothing is known but what lies on the disk.
    again = ScanJobs(tab.host, tab.host.scans_folder)
    answers = scan_answers(tab.host, again)
    assert answers["scan-resume"]({"scan": scan})["job"]["scan"] == scan
    again.wait(SECONDS)
    job = answers["scan-state"]({})["job"]
    assert (job["state"], job["kept"], job["done"]) == ("done", 3, 8)
    assert len(world.made) == 8


def test_a_lora_that_changed_is_not_mixed_into_an_old_scan(tab: Tab) -> None:
    scan = tab.finish()
    tab.host.digests["ink"] = "another"
    with pytest.raises(ScanError, match="missing or has changed since"):
        tab.ask("resume", scan=scan)


def test_the_host_fails_and_the_tab_says_how(tab: Tab) -> None:
    tab.host.maker = World(side=64, failing=lambda weight, request: True)
    scan = tab.finish()
    job = tab.ask("state")["job"]
    assert (job["state"], job["error"]) == ("failed", "RuntimeError: no picture at -0.5")
    assert tab.ask("open", scan=scan, quiet=True) == {"scan": None}
    with pytest.raises(ScanError, match="not there any more"):
        tab.ask("open", scan=scan)


def test_a_scan_of_another_process_is_left_to_it(tab: Tab) -> None:
    scan = tab.finish()
    with locked(tab.host.folder / scan):
        assert tab.ask("open", scan=scan)["locked"]
        with pytest.raises(ScanError, match="running; stop it first"):
            tab.ask("delete", scan=scan)
    assert not tab.ask("open", scan=scan)["locked"]


def test_many_ask_while_a_scan_runs(tab: Tab) -> None:
    faults: list[BaseException] = []

    def ask(work: Callable[[], object]) -> None:
        try:
            for _ in range(20):
                work()
        except BaseException as problem:
            faults.append(problem)

    tab.ask("start", **FORM)
    threads = [
        threading.Thread(target=ask, args=(work,))
        for work in (
            lambda: tab.ask("state", after=0),
            lambda: tab.ask("history"),
            lambda: tab.ask("loras", search="i"),
        )
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS)
    assert faults == []
