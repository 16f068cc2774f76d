"""`lora-neg check --file`: texts, pictures and lines of JSON."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

from tests.pictures import chunk, png
from tests.support.commands import GUARDED_STYLE, INFOTEXT, STYLE, Run, objects


def test_json_lines_in_order_with_defaults(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "many.jsonl"
    lines = [
        {"prompt": STYLE, "negative_prompt": "lowres", "cfg_scale": 9, "family": "sdxl"},
        {"prompt": "a\u2028b \u0085 é", "id": 7, "steps": None, "cfg_scale": None},
        {},
        {"prompt": STYLE, "family": "flux"},
        {"cfg_scale": "6.5", "negative_prompt": ""},
    ]
    text = "\ufeff" + "\r\n".join(json.dumps(line) for line in lines) + "\n\n"
    file.write_text(text, encoding="utf-8", newline="")
    status, output, errors = run("--file", str(file), "--cfg", "5", "--negative", "blurry")
    assert (status, errors) == (1, "")
    entries = objects(output)
    keys = ["prompt", "negative_prompt", "cfg_scale"]
    assert [[entry[key] for key in keys] for entry in entries] == [
        [GUARDED_STYLE, "lowres", 6.0],
        ["a\u2028b \u0085 é", "blurry", 5.0],
        ["", "blurry", 5.0],
        [STYLE, "blurry", 5.0],
        ["", "", 6.5],
    ]
    assert entries[3]["family"] == "flux"


@pytest.mark.parametrize(
    "bad",
    [
        b"{",
        b"[]",
        b'"text"',
        b'{"prompt": 1}',
        b'{"cfg_scale": "seven"}',
        b'{"cfg_scale": "nan"}',
        b'{"cfg_scale": [7]}',
        b'{"cfg_scale": true}',
        b'{"cfg_scale": NaN}',
        b'{"cfg_scale": 1e999}',
        b'{"cfg_scale": 1' + b"0" * 400 + b"}",
        b'{"family": []}',
        b'{"family": "sdlx"}',
        b'{"prompt": "\xff"}',
        b"[" * 100_000,
    ],
)
def test_a_bad_line_is_named_and_the_others_are_printed(
    run: Run, tmp_path: Path, bad: bytes
) -> None:
    file = tmp_path / "many.jsonl"
    file.write_bytes(b'{"prompt": "one"}\n' + bad + b'\n{"prompt": "three"}\n')
    status, output, errors = run("--file", str(file))
    assert status == 2
    assert [entry["prompt"] for entry in objects(output)] == ["one", "three"]
    assert "many.jsonl:2: " in errors


def test_lone_surrogates_survive(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "many.jsonl"
    file.write_text('{"prompt": "\\ud800 a"}\n')
    status, output, _ = run("--file", str(file))
    assert status == 0
    assert objects(output)[0]["prompt"] == "\ud800 a"
    assert run("--prompt", "\ud800 a")[0] == 0


@pytest.mark.parametrize("name", ["infotext.txt", "picture.png", "picture"])
def test_infotexts_and_pictures(run: Run, tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    text = chunk(b"tEXt", b"parameters\0" + INFOTEXT.encode("latin-1"))
    file.write_bytes(INFOTEXT.encode() if name.endswith(".txt") else png(text))
    status, output, _ = run("--file", str(file), "--family", "sdxl", "--json")
    assert status == 1
    [entry] = objects(output)
    assert entry["prompt"] == GUARDED_STYLE
    assert (entry["negative_prompt"], entry["cfg_scale"]) == ("lowres", 6.0)


def test_an_infotext_with_a_hires_pass(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    hires = ', Hires upscale: 2, Hires prompt: "b, <lora:crt_glow:-0.9>", Hires CFG Scale: 8'
    file.write_text(INFOTEXT + hires, encoding="utf-8")
    _, output, _ = run("--file", str(file), "--family", "sdxl", "--json")
    [entry] = objects(output)
    assert entry["hr_prompt"] == "b, <lora:crt_glow:-0.3>"
    assert (entry["hr_negative_prompt"], entry["hr_cfg"]) == ("lowres", 6.0)


def test_one_prompt_a_line(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "prompts.txt"
    file.write_text(f"a castle\n\n{STYLE}\n", encoding="utf-8")
    status, output, _ = run("--file", str(file), "--family", "sdxl", "--cfg", "5", "--json")
    assert status == 1
    assert [entry["prompt"] for entry in objects(output)] == ["a castle", GUARDED_STYLE]
    assert run("--file", str(file), "--family", "sdxl")[1].count("prompt  ") == 2


def test_values_beside_a_line_are_kept_under_their_keys(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "many.jsonl"
    line = {"id": "a-7", "prompt": STYLE, "negativePrompt": "lowres", "cfg": 9, "seed": 3}
    file.write_text(json.dumps(line), encoding="utf-8")
    status, output, errors = run("--file", str(file), "--family", "sdxl")
    assert (status, errors) == (1, "")
    [entry] = objects(output)
    assert (entry["id"], entry["seed"], entry["prompt"]) == ("a-7", 3, GUARDED_STYLE)
    assert entry["cfg"] == entry["cfg_scale"] == 6.0
    assert entry["negativePrompt"] == entry["negative_prompt"] == "lowres"
    again = tmp_path / "again.jsonl"
    again.write_text(output, encoding="utf-8")
    status, output, _ = run("--file", str(again))
    assert (status, objects(output)[0]["prompt"]) == (0, GUARDED_STYLE)


@pytest.mark.parametrize(
    "data",
    [
        INFOTEXT.encode(),
        "\ufeff".encode() + INFOTEXT.encode(),
        INFOTEXT.encode("utf-16"),
        png(chunk(b"tEXt", b"parameters\0" + INFOTEXT.encode())),
    ],
)
def test_standard_input(run: Run, monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    stream = io.TextIOWrapper(io.BytesIO(data))
    monkeypatch.setattr(sys, "stdin", stream)
    status, output, errors = run("--file", "-", "--family", "sdxl", "--json")
    assert (status, errors) == (1, "")
    assert objects(output)[0]["prompt"] == GUARDED_STYLE


def test_what_was_not_understood_is_a_finding(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_text(json.dumps({"prompt": "a", "styles": ["x"]}), encoding="utf-8")
    status, output, _ = run("--file", str(file), "--family", "sdxl")
    assert status == 0
    assert "styles" in output
    assert "nothing to say" not in output
    assert objects(run("--file", str(file), "--json")[1])[0]["findings"][0]["rule"] == "input"


def test_loras_beside_the_prompt_are_guarded(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "a.png"
    swarm = {"prompt": "a", "cfgscale": 9, "loras": ["gouache_poster"], "loraweights": ["-0.9"]}
    text = json.dumps({"sui_image_params": swarm}).encode()
    file.write_bytes(png(chunk(b"tEXt", b"parameters\0" + text)))
    _, output, _ = run("--file", str(file), "--family", "sdxl", "--json")
    [entry] = objects(output)
    assert (entry["prompt"], entry["cfg_scale"]) == ("a <lora:gouache_poster:-0.5>", 6.0)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("lora.safetensors", b"\x02\0\0\0\0\0\0\0" + b'{"a": {}}', "lora-neg show"),
        ("page.txt", b"<!doctype html><p>", "web page"),
        ("missing.txt", None, "missing.txt"),
        ("missing.jsonl", None, "missing.jsonl"),
        ("empty.txt", b"\n", "no prompts"),
        ("latin.txt", b"caf\xe9", "neither UTF-8 text nor a PNG"),
        ("plain.png", png(), "no generation parameters"),
        ("broken.png", png(chunk(b"zTXt", b"parameters\0\0x")), "damaged"),
    ],
)
def test_bad_files(run: Run, tmp_path: Path, name: str, content: bytes | None, said: str) -> None:
    file = tmp_path / name
    if content is not None:
        file.write_bytes(content)
    status, output, errors = run("--file", str(file))
    assert (status, output) == (2, "")
    assert said in errors
    assert name in errors
