"""What the scan tab's routes answer, from the empty tab to a saved verdict."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from lib_lora_neg.loras.card import LoraType, RangeSource, WeightRange
from lib_lora_neg.loras.decisions import Decision
from lib_lora_neg.loras.families import ModelFamily
from lib_lora_neg.policy.matrix import range_in_force
from lib_lora_neg.scan.jobs import ScanJobs
from lib_lora_neg.scan.locking import locked
from lib_lora_neg.ui.scan_answers import Answer, scan_answers
from lib_lora_neg.ui.scan_files import scan_files
from lib_lora_neg.ui.scan_form import ScanError
from tests.scan.worlds import World
from tests.support.cards import card
from tests.support.library import MemoryLibrary
from tests.support.scanning import CHECKPOINT, MemoryScanHost

FORM: dict[str, Any] = {
    "kind": "scan",
    "lora": "ink",
    "weights": "-1, -0.5, 0, 0.5",
    "prompts": [{"text": "inkwash"}, {"text": "a lake", "subject": False}],
    "seeds": "1",
    "steps": 4,
    "width": 64,
    "height": 64,
}
SECONDS = 60


class Tab:
    """The tab's answers over a host, with the words of a person at it."""

    def __init__(self, folder: Path) -> None:
        library = MemoryLibrary(
            card("ink", "style", family=ModelFamily.SDXL, triggers=("inkwash",)),
            card("zzz for sd1", "style", family=ModelFamily.SD1),
            card("wrong", "trigger_negative", family=ModelFamily.SDXL, triggers=("wrong",)),
            card("bad", "dedicated_negative", family=ModelFamily.SDXL),
        )
        self.host = MemoryScanHost(library, folder)
        self.jobs = ScanJobs(self.host, self.host.scans_folder)
        self.answers: dict[str, Answer] = scan_answers(self.host, self.jobs)
        self.files = scan_files(self.host)

    def ask(self, route: str, /, **body: object) -> Any:
        answer = self.answers[f"scan-{route}"](body)
        json.dumps(answer, allow_nan=False)
        return answer

    def finish(self, **fields: object) -> str:
        """Start what the form asks for and wait for it; returns the scan's name."""
        scan = str(self.ask("start", **{**FORM, **fields})["job"]["scan"])
        self.jobs.wait(SECONDS)
        return scan


@pytest.fixture
def tab(tmp_path: Path) -> Iterator[Tab]:
    made = Tab(tmp_path / "scans")
    yield made
    made.jobs.close()


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Tab, str]:
    made = Tab(tmp_path_factory.mktemp("finished") / "scans")
    return made, made.finish()


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


def test_the_cost_is_told_before_anything_starts(tab: Tab) -> None:
    told = tab.ask("plan", **FORM)
    assert told["cost"] == {
        "pictures": 8, "weights": 4, "prompts": 2, "seeds": 1, "evaluations": 64,
        "seconds": None,
    }  # fmt: skip
    assert told["existing"] is None
    quick = tab.ask("plan", **{**FORM, "kind": "quick"})["cost"]
    assert (quick["pictures"], quick["evaluations"]) == (0, 16)
    assert tab.ask("plan", **{**FORM, "seeds": "?"})["errors"] == {
        "seeds": "'?' is no seed; a scan needs fixed ones, 0 or more."
    }
    assert not tab.host.folder.exists()


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


def test_a_finished_scan_is_shown_with_its_verdict(finished: tuple[Tab, str]) -> None:
    tab, scan = finished
    seen = tab.ask("open", scan=scan)
    assert (seen["finished"], seen["total"], seen["unfinished"]) == (8, 8, False)
    assert [column["text"] for column in seen["columns"]] == ["−1", "−0.5", "0", "0.5"]
    assert [(row["text"], row["subject"]) for row in seen["rows"]] == [
        ("inkwash", True), ("a lake", False),
    ]  # fmt: skip
    assert len(seen["cells"]) == 8
    assert "damage starts at −1" in seen["verdict"]["sentence"]
    assert (seen["verdict"]["damaged_to"], seen["verdict"]["damaged_from"]) == (-1.0, None)
    assert len(seen["verdict"]["points"]) == 4
    assert seen["save"]["possible"]
    assert seen["form"]["weights"] == "-1 - 0.5 [4]"


def test_an_interrupted_scan_is_offered_and_gone_on_with(tab: Tab) -> None:
    world = World("noise", 0.55, side=64, max_batch=1)
    world.before = lambda weight, shot: tab.jobs.stop() if weight < 0 else None
    tab.host.maker = world
    scan = tab.finish()
    assert tab.ask("state", after=0)["job"]["state"] == "stopped"
    (entry,) = tab.ask("history")["entries"]
    assert (entry["scan"], entry["unfinished"], entry["finished"]) == (scan, True, 3)
    assert "The scan is not finished" in tab.ask("open", scan=scan)["save"]["notes"][0]
    world.before = lambda weight, shot: None
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
    tab.host.maker = World(side=64, failing=lambda weight, shot: True)
    scan = tab.finish()
    job = tab.ask("state")["job"]
    assert (job["state"], job["error"]) == ("failed", "RuntimeError: no picture at -0.5")
    assert tab.ask("open", scan=scan, quiet=True) == {"scan": None}
    with pytest.raises(ScanError, match="not there any more"):
        tab.ask("open", scan=scan)


def test_saving_makes_the_guard_obey_and_is_taken_back(finished: tuple[Tab, str]) -> None:
    tab, scan = finished
    saved = tab.ask("open", scan=scan)["save"]
    assert saved["lines"][:2] == ["Range ≥ −0.5", "Best at −0.5"]
    assert saved["lines"][2].startswith("Damage from −1 (between −0.5 and −1)")
    assert not saved["saved"]
    before = Decision(LoraType.STYLE, measured=WeightRange(-0.2, source=RangeSource.MEASURED))
    tab.host.library.save({"ink": before})
    after = tab.ask("save", scan=scan)["scan"]["save"]
    assert after["saved"]
    known = tab.host.library.card("ink")
    assert known is not None
    assert known.bracket is not None
    assert known.bracket.bleeding_onset == -1
    assert known.bracket.scan == scan.rpartition("-")[2]
    assert known.bracket.date
    in_force = range_in_force(known, ModelFamily.SDXL, {})
    assert in_force is not None
    assert (in_force.floor, in_force.source) == (-0.5, RangeSource.MEASURED)
    assert tab.ask("lora", name="ink")["saved"].startswith("Saved 20")
    assert not tab.ask("take-back", scan=scan)["scan"]["save"]["saved"]
    assert tab.host.library.kept["ink"] == before


def test_taking_back_after_a_restart_leaves_nothing_measured(finished: tuple[Tab, str]) -> None:
    tab, scan = finished
    tab.ask("save", scan=scan)
    fresh = scan_answers(tab.host, tab.jobs)
    fresh["scan-take-back"]({"scan": scan})
    decision = tab.host.library.kept["ink"]
    assert (decision.measured, decision.bracket) == (None, None)


def test_a_typed_range_goes_before_a_measured_one_and_that_is_said(
    finished: tuple[Tab, str],
) -> None:
    tab, scan = finished
    typed = WeightRange(-0.1, None, None, RangeSource.USER, "typed")
    tab.host.library.save({"ink": Decision(weight_range=typed)})
    (note,) = tab.ask("open", scan=scan)["save"]["notes"]
    assert "You typed ≥ −0.1" in note
    tab.host.library.save({"ink": Decision()})


def test_a_folder_that_takes_nothing(finished: tuple[Tab, str]) -> None:
    tab, scan = finished
    tab.host.library.read_only.add("ink")
    with pytest.raises(ScanError, match="the folder cannot be written"):
        tab.ask("save", scan=scan)
    tab.host.library.read_only.clear()


def test_a_quick_scan_has_its_own_verdict(tab: Tab) -> None:
    scan = tab.finish(kind="quick", weights="-1 - 1 [9]")
    seen = tab.ask("open", scan=scan)
    assert (seen["kind"], seen["unfinished"], seen["cells"]) == ("quick", False, [])
    assert "Damage is to be expected from" in seen["verdict"]["sentence"]
    assert seen["save"]["possible"]
    assert tab.ask("save", scan=scan)["scan"]["save"]["saved"]
    assert opened(tab.files["scan-curves"]({"scan": scan})).width == 720
    tab.host.lines = None
    tab.finish(kind="quick", seeds="9")
    assert "no quick scan" in tab.ask("state")["job"]["error"]


def test_an_ab_picture_has_no_range_to_save(tab: Tab) -> None:
    scan = tab.finish(kind="compare", lora="wrong", weights="1", negative_word="wrong")
    seen = tab.ask("open", scan=scan)
    assert (seen["kind"], len(seen["cells"]), seen["verdict"]) == ("compare", 4, None)
    assert seen["comparison"]["sentence"].startswith("With the LoRA at 1, 2 pictures differ from")
    assert ["Added to it with the LoRA", "wrong"] in seen["facts"]
    assert not seen["save"]["possible"]
    with pytest.raises(ScanError, match="no range"):
        tab.ask("save", scan=scan)


def test_history_is_asked_by_lora_and_checkpoint_and_forgets_what_is_deleted(tab: Tab) -> None:
    first = tab.finish(weights="-1, 0")
    assert tab.host.chosen is not None
    second = tab.finish(lora="bad")
    assert [entry["scan"] for entry in tab.ask("history")["entries"]] == [second, first]
    assert [e["scan"] for e in tab.ask("history", lora="ink")["entries"]] == [first]
    assert tab.ask("history", checkpoint="another")["total"] == 0
    tab.ask("delete", scan=second)
    assert tab.ask("history")["total"] == 1
    assert tab.ask("state")["job"] is None
    with pytest.raises(ScanError, match="not there any more"):
        tab.ask("open", scan=second)
    assert [path.name for path in tab.host.folder.iterdir()] == [first]


def test_deleting_leaves_what_is_not_ours(tab: Tab) -> None:
    scan = tab.finish()
    foreign = tab.host.folder / scan / "notes.txt"
    foreign.write_text("mine")
    tab.ask("delete", scan=scan)
    assert [path.name for path in foreign.parent.iterdir()] == ["notes.txt"]


def test_a_cell_tells_how_it_was_made_and_can_be_sent(finished: tuple[Tab, str]) -> None:
    tab, scan = finished
    seen = tab.ask("cell", scan=scan, cell="w-0.5000_p01_s1")
    assert seen["infotext"] == "a lake\nSeed: 1"
    assert seen["send"] == "a lake\nSeed: 1, guard off"
    assert (seen["text"], seen["weight"]) == ("a lake", -0.5)
    assert 0 < seen["effect"] < 1
    tab.host.pastes = False
    assert tab.ask("cell", scan=scan, cell="w-0.5000_p01_s1")["send"] == ""
    tab.host.pastes = True
    assert "X Values: -1 - 0.5 [4]" in tab.ask("grid-text", scan=scan)["text"]


def opened(found: Any) -> Image.Image:
    return Image.open(io.BytesIO(found.data))


def test_pictures_curves_and_reports_are_handed_out(finished: tuple[Tab, str]) -> None:
    tab, scan = finished
    query = {"scan": scan, "cell": "w-0.5000_p01_s1"}
    whole = tab.files["scan-picture"](query)
    assert (whole.media_type, opened(whole).size) == ("image/png", (64, 64))
    small = tab.files["scan-picture"]({**query, "side": "96"})
    assert (small.media_type, opened(small).size) == ("image/jpeg", (64, 64))
    light, dark = (
        opened(tab.files["scan-curves"]({"scan": scan, "theme": theme})).convert("L")
        for theme in ("light", "dark")
    )
    assert light.getpixel((2, 2)) > 200  # type: ignore[operator]
    assert dark.getpixel((2, 2)) < 60  # type: ignore[operator]
    report = tab.files["scan-report"]({"scan": scan})
    assert report.download == f"{scan}.html"
    assert b"Weight scan of ink" in report.data
    assert json.loads(tab.files["scan-json"]({"scan": scan}).data)["digest"]


BAD_NAMES: list[object] = ["", None, 5, "..", "../x", "a/b", "C:\\x", "x" * 300, "\udcff", "nobody"]


@pytest.mark.parametrize("name", BAD_NAMES)
def test_nothing_is_reached_by_a_name_that_is_none(finished: tuple[Tab, str], name: object) -> None:
    tab, scan = finished
    for route in ("open", "resume", "cell", "save", "take-back", "delete", "grid-text"):
        with pytest.raises(ScanError, match="not there any more"):
            tab.ask(route, scan=name)
    with pytest.raises(ScanError, match="no such picture"):
        tab.ask("cell", scan=scan, cell=name)
    if isinstance(name, str):
        for work in tab.files.values():
            with pytest.raises(ScanError):
                work({"scan": name, "cell": "w0.0000_p00_s1"})
        with pytest.raises(ScanError):
            tab.files["scan-picture"]({"scan": scan, "cell": name})


def test_cells_beyond_the_plan_are_none(finished: tuple[Tab, str]) -> None:
    tab, scan = finished
    for cell in ("w-0.9000_p00_s1", "w-1.0000_p07_s1", "w-1.0000_p00_s2", "w1e9_p00_s1"):
        with pytest.raises(ScanError, match="no such picture"):
            tab.ask("cell", scan=scan, cell=cell)


def test_a_renamed_folder_is_shown_as_it_is(tab: Tab) -> None:
    scan = tab.finish()
    (tab.host.folder / scan).rename(tab.host.folder / "renamed")
    seen = tab.ask("open", scan="renamed")
    assert (len(seen["cells"]), seen["scan"]) == (8, "renamed")
    assert tab.ask("cell", scan="renamed", cell="w-1.0000_p00_s1")["effect"] > 0
    assert opened(tab.files["scan-curves"]({"scan": "renamed"})).width == 720
    assert [path.name for path in tab.host.folder.iterdir()] == ["renamed"]


def test_a_scan_of_another_process_is_left_to_it(tab: Tab) -> None:
    scan = tab.finish()
    with locked(tab.host.folder / scan):
        assert tab.ask("open", scan=scan)["locked"]
        with pytest.raises(ScanError, match="running; stop it first"):
            tab.ask("delete", scan=scan)
    assert not tab.ask("open", scan=scan)["locked"]


def test_a_damaged_picture_is_told(tab: Tab) -> None:
    scan = tab.finish()
    query = {"scan": scan, "cell": "w-1.0000_p00_s1"}
    (tab.host.folder / scan / "cells" / "w-1.0000_p00_s1.png").write_bytes(b"nothing")
    with pytest.raises(ScanError, match="missing or damaged"):
        tab.ask("cell", **query)
    with pytest.raises(ScanError, match="missing or damaged"):
        tab.files["scan-picture"]({**query, "side": "96"})


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
