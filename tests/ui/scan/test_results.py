"""What the scan tab's routes answer of finished scans: verdict, saving, history, files."""

from __future__ import annotations

import io
import json
import os
from typing import Any

import pytest
from PIL import Image

from lib_lora_neg.loras.card import LoraType, RangeSource, WeightRange
from lib_lora_neg.loras.decisions import Decision
from lib_lora_neg.loras.families import ModelFamily
from lib_lora_neg.policy.matrix import range_in_force
from lib_lora_neg.ui.scan.answers import scan_answers
from lib_lora_neg.ui.scan.form import ScanError
from tests.support.scanning import Lines

from .scan_tab import Tab


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
    assert seen["verdict"]["sentence"].endswith("The range in force ends before, at −0.5.")
    # Damage from −0.6 on, where a style may go to −0.5 only: nothing that a quick scan may widen.
    assert not seen["save"]["possible"]
    assert "never widens" in seen["save"]["notes"][0]
    with pytest.raises(ScanError, match="never widens"):
        tab.ask("save", scan=scan)
    assert opened(tab.files["scan-curves"]({"scan": scan})).width == 720
    tab.host.lines = None
    tab.finish(kind="quick", seeds="9")
    assert "no quick scan" in tab.ask("state")["job"]["error"]


def test_a_quick_scan_that_narrows_is_offered_but_not_praised(tab: Tab) -> None:
    tab.host.lines = Lines(onset=0.1)
    scan = tab.finish(kind="quick", weights="-1 - 1 [21]")
    save = tab.ask("open", scan=scan)["save"]
    assert (save["possible"], save["trusted"], save["saved"]) == (True, False, False)
    after = tab.ask("save", scan=scan)["scan"]["save"]
    assert after["saved"]
    known = tab.host.library.card("ink")
    assert known is not None
    assert known.bracket is not None
    assert known.bracket.is_quick
    in_force = range_in_force(known, ModelFamily.SDXL)
    assert in_force is not None
    assert in_force.floor is not None
    assert -0.5 < in_force.floor < 0


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


def test_a_report_is_written_when_it_is_asked_for_and_again_after_a_new_outcome(
    finished: tuple[Tab, str],
) -> None:
    tab, scan = finished
    folder = tab.host.folder / scan
    written = folder / "report.html"
    written.unlink(missing_ok=True)
    report = tab.files["scan-report"]({"scan": scan}).data
    assert written.read_bytes() == report
    written.write_bytes(b"as it was left")
    assert tab.files["scan-report"]({"scan": scan}).data == b"as it was left"
    later = written.stat().st_mtime + 1
    os.utime(folder / "verdict.json", (later, later))
    assert tab.files["scan-report"]({"scan": scan}).data == report == written.read_bytes()


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


def test_a_damaged_picture_is_told(tab: Tab) -> None:
    scan = tab.finish()
    query = {"scan": scan, "cell": "w-1.0000_p00_s1"}
    (tab.host.folder / scan / "cells" / "w-1.0000_p00_s1.png").write_bytes(b"nothing")
    with pytest.raises(ScanError, match="missing or damaged"):
        tab.ask("cell", **query)
    with pytest.raises(ScanError, match="missing or damaged"):
        tab.files["scan-picture"]({**query, "side": "96"})
