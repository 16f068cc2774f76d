"""The scan's ways to this host, and `lora-neg scan`."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lib_lora_neg.cli import main
from lib_lora_neg.infotext import parse_infotext
from lib_lora_neg.policy import Mode
from lib_lora_neg.scan import ImageRequest, LoraSetting, Probe, Sampling, ScanBatch
from lib_lora_neg.scan.locking import locked
from tests.host.support import lora_files as files
from tests.hosts.diffusers_host.conftest import SIZE

SAMPLING = Sampling(cfg=9.0, steps=3, width=64, height=64, sampler="Euler")
RAW = LoraSetting(files.STYLE, -0.9, -0.9)


def batch(*loras: LoraSetting, seeds: tuple[int, ...] = (4, 5)) -> ScanBatch:
    return ScanBatch(loras, tuple(ImageRequest("a cat", "dull", seed) for seed in seeds), SAMPLING)


def test_pictures_have_raw_weights_and_the_guard_has_no_part_in_them(sd1: Any) -> None:
    made = list(sd1.generator().generate(batch(RAW, seeds=(4,)), threading.Event()))
    typed = sd1.generate(
        prompt=f"a cat <lora:{files.STYLE}:-0.9>",
        negative_prompt="dull",
        mode=Mode.OFF,
        cfg_scale=9.0,
        seed=4,
        sampler="Euler",
        **{**SIZE, "steps": 3},
    )
    assert np.array_equal(made[0].pixels, np.asarray(typed.images[0]))
    assert made[0].infotext == typed.pictures[0].infotext
    assert np.array_equal(made[0].latent, typed.pictures[0].latent)


def test_a_mask_is_that_of_a_tag(sd1: Any) -> None:
    masked = replace(RAW, blocks="-OUT")
    plain, made = (
        next(iter(sd1.generator().generate(batch(lora, seeds=(4,)), threading.Event())))
        for lora in (RAW, masked)
    )
    typed = sd1.generate(
        prompt=f"a cat {masked.tag}",
        negative_prompt="dull",
        mode=Mode.OFF,
        cfg_scale=9.0,
        seed=4,
        sampler="Euler",
        **{**SIZE, "steps": 3},
    )
    assert np.array_equal(made.pixels, np.asarray(typed.images[0]))
    assert not np.array_equal(made.pixels, plain.pixels)


def test_predictions_know_the_mask(sd1: Any) -> None:
    probes = [Probe("a cat", 1, 0.5)]

    def at(*loras: LoraSetting) -> np.ndarray:
        return sd1.denoiser().predict(loras, probes, SAMPLING)[0]

    unet = LoraSetting(files.STYLE, 0.0, -0.5)
    none, whole = at(), at(unet)
    inside, outside = (at(replace(unet, blocks=f"{sign}OUT")) for sign in "+-")
    nowhere = at(replace(unet, blocks="+OUT-OUT"))
    assert np.abs(nowhere - none).max() < 1e-4 * np.abs(none).max()
    for one in (inside, outside):
        assert np.abs(one - none).max() > 1e-3 * np.abs(whole - none).max()
        assert np.abs(one - whole).max() > 1e-3 * np.abs(whole - none).max()
    assert np.array_equal(at(unet), whole)


def test_a_batch_yields_its_shots_in_order(sd1: Any) -> None:
    made = list(sd1.generator().generate(batch(), threading.Event()))
    seeds = [parse_infotext(picture.infotext).parameters["Seed"] for picture in made]
    assert seeds == ["4", "5"]
    assert sd1.generator().abilities().latents
    assert sd1.generator().abilities().max_batch >= 1


def test_a_cancelled_batch_yields_nothing(sd1: Any) -> None:
    stop = threading.Event()
    stop.set()
    assert list(sd1.generator().generate(batch(RAW), stop)) == []


def test_a_lora_that_cannot_be_used_is_an_error_of_the_scan(api: Any, sd1: Any) -> None:
    with pytest.raises(api.LoraError, match="not found"):
        list(sd1.generator().generate(batch(LoraSetting("none", 1, 1)), threading.Event()))


@pytest.mark.parametrize("name", ["sd1", "sdxl"])
def test_predictions_are_repeatable_and_begin_in_proportion(
    name: str, request: pytest.FixtureRequest
) -> None:
    host = request.getfixturevalue(name)
    lora = (files.XL_PREFIX if name == "sdxl" else "") + files.STYLE
    probes = [Probe("a cat", 1, 0.5), Probe("a cat", 1, 0.9)]

    def at(weight: float) -> list[np.ndarray]:
        loras = (LoraSetting(lora, 0.0, weight),) if weight else ()
        return list(host.denoiser().predict(loras, probes, SAMPLING))

    zero, again, small, double = at(0), at(0), at(-0.02), at(-0.04)
    for index in range(len(probes)):
        assert np.array_equal(zero[index], again[index])
        step, twice = small[index] - zero[index], double[index] - zero[index]
        assert np.linalg.norm(step) > 0
        assert np.linalg.norm(twice - 2 * step) < 0.3 * np.linalg.norm(twice)


def arguments(models: Path, folder: Path, *more: str) -> list[str]:
    return [
        "scan",
        str(models / "sd1.safetensors"),
        str(models / "loras" / f"{files.SLIDER}.safetensors"),
        "--weights=-1,-0.5,0",
        "--seeds=1",
        "--prompt=a cat",
        "--unrelated=a dog",
        "--steps=2",
        "--size=64",
        "--sampler=Euler",
        "--device=cpu",
        f"--output={folder}",
        *more,
    ]


def test_the_command_scans_reports_and_goes_on(
    api: Any, models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments(models, tmp_path, "--json")) == 0
    said = capsys.readouterr()
    found = json.loads(said.out)
    assert found["plan"]["weights"] == [-1.0, -0.5, 0.0]
    assert found["sentence"]
    assert "3 weights (-1 - 0 [3]) × 2 prompts × 1 seeds = 6 pictures" in said.err
    (folder,) = [path for path in tmp_path.iterdir() if path.name.startswith(files.SLIDER)]
    assert (folder / "report.html").is_file()
    cells = sorted(folder.glob("cells/*.png"))
    made = {path: path.stat().st_mtime_ns for path in cells}
    assert len(made) == 6
    cells[0].unlink()
    with locked(folder):
        assert main(arguments(models, tmp_path)) == 2
    assert "running in another process" in capsys.readouterr().err
    assert not cells[0].exists()
    assert main(arguments(models, tmp_path)) == 0
    now = {path: path.stat().st_mtime_ns for path in sorted(folder.glob("cells/*.png"))}
    assert [path for path in now if now[path] != made[path]] == [cells[0]]
    assert "Report: " in capsys.readouterr().out


def test_the_quick_scan_makes_no_pictures_and_can_be_saved(
    api: Any, models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = tmp_path / "loras" / f"{files.UNKNOWN}.safetensors"
    copy.parent.mkdir()
    copy.write_bytes((models / "loras" / copy.name).read_bytes())
    given = arguments(models, tmp_path / "scans", "--quick", "--save")
    given[2] = str(copy)
    assert main(given) == 0
    said = capsys.readouterr()
    assert "12 evaluations" in said.err
    assert not list(tmp_path.rglob("cells/*.png"))
    kept = json.loads(copy.with_suffix(".json").read_text())["lora_neg"]
    assert kept["measured"]["floor"] <= 0
    assert kept["measured"]["scan"].endswith("-quick")


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--cfg=0.5"], "CFG scale must be"),
        (["--sampler=Sideways"], "no such sampler"),
        (["--lora-dir=/nowhere/at/all"], "no such folder"),
    ],
)
def test_what_cannot_be_scanned_is_said(
    api: Any,
    models: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    more: list[str],
    message: str,
) -> None:
    assert main(arguments(models, tmp_path, *more)) == 2
    assert message in capsys.readouterr().err


def test_a_dry_run_only_tells_the_cost(
    api: Any, models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments(models, tmp_path, "--dry-run")) == 0
    said = capsys.readouterr()
    assert "6 pictures" in said.err
    assert said.out == ""
    assert not list(tmp_path.glob(f"{files.SLIDER}*"))


def test_the_model_is_asked_from_the_command_line(
    api: Any, models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments(models, tmp_path)) == 0
    capsys.readouterr()
    cells = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("cells/*.png")}
    assert main(arguments(models, tmp_path, "--ask-model")) == 0
    said = capsys.readouterr()
    assert "24 evaluations and 6 more to ask the model (25%)" in said.err
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("cells/*.png")} == cells
    assert len(list(tmp_path.rglob("cells/*.map.npy"))) == 6
    (report,) = tmp_path.rglob("report.html")
    assert "Where the model balks" in report.read_text("utf-8")
