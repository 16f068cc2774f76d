from __future__ import annotations

import io
import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lib_lora_neg.cli import main
from lib_lora_neg.console.cards import cards_as_table
from lib_lora_neg.console.terminal import Palette
from lib_lora_neg.loras import read_card
from lib_lora_neg.page.serving import ServeError, ServeOptions, check_start
from lib_lora_neg.samples.files import write_lora
from lib_lora_neg.samples.loras import sample_loras
from lib_lora_neg.telling import printable
from tests.pictures import chunk, png

ROOT = Path(__file__).parent.parent
STYLE = "a lighthouse <lora:gouache_poster:-0.9>"
GUARDED_STYLE = "a lighthouse <lora:gouache_poster:-0.5>"
INFOTEXT = f"{STYLE}\nNegative prompt: lowres\nSteps: 20, Sampler: Euler, CFG scale: 9, Seed: 1"


@pytest.fixture(autouse=True)
def _own_index(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LORA_NEG_INDEX", str(tmp_path / "index"))


@pytest.fixture(scope="session")
def loras(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("loras")
    for lora in sample_loras():
        write_lora(folder, lora)
    return folder


@pytest.fixture
def run(loras: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Run `lora-neg check` and return status, output and errors."""

    def check(*arguments: str) -> tuple[int, str, str]:
        try:
            status = main(["check", "--lora-dir", str(loras), *arguments])
        except SystemExit as end:
            status = int(end.code or 0)
        return status, *capsys.readouterr()

    return check


Run = Callable[..., tuple[int, str, str]]


def objects(output: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.splitlines()]


def test_a_changed_prompt_is_shown_with_its_reasons(run: Run) -> None:
    status, output, errors = run("--prompt", STYLE, "--cfg", "9", "--family", "sdxl")
    assert (status, errors) == (1, "")
    assert GUARDED_STYLE in output
    assert "9 → 6" in output
    assert "● R1   enforced  gouache_poster" in output
    assert "\x1b" not in output


def test_an_untouched_prompt(run: Run) -> None:
    status, output, _ = run("--prompt", "a lighthouse", "--negative", "lowres", "--family", "sdxl")
    assert status == 0
    assert "nothing to change" in output


def test_json(run: Run) -> None:
    status, output, _ = run("--prompt", STYLE, "--cfg", "9", "--family", "sdxl", "--json")
    assert status == 1
    [entry] = objects(output)
    assert entry["prompt"] == GUARDED_STYLE
    assert (entry["negative_prompt"], entry["cfg_scale"]) == ("", 6.0)
    assert {finding["rule"]: finding["effect"] for finding in entry["findings"]} == {
        "R1": "enforced",
        "R3": "enforced",
    }
    clamp = entry["findings"][0]
    assert clamp["lora"] == "gouache_poster"
    assert clamp["before"] == "<lora:gouache_poster:-0.9>"
    assert clamp["after"] == "<lora:gouache_poster:-0.5>"
    assert clamp["field"] == "prompt"
    assert clamp["reason"]
    assert clamp["source"]
    assert isinstance(clamp["evidence"], list)


def test_hires_texts_are_guarded_too(run: Run) -> None:
    status, output, _ = run(
        *("--prompt", "a lighthouse", "--family", "sdxl", "--json"),
        *("--hr-prompt", STYLE, "--hr-negative", "blurry", "--hr-cfg", "8"),
    )
    assert status == 1
    [entry] = objects(output)
    assert entry["prompt"] == "a lighthouse"
    assert (entry["hr_prompt"], entry["hr_negative_prompt"]) == (GUARDED_STYLE, "blurry")
    assert (entry["cfg_scale"], entry["hr_cfg"]) == (7.0, 6.0)


@pytest.mark.parametrize(
    ("arguments", "status", "prompt"),
    [
        (["--mode", "advise"], 0, STYLE),
        (["--mode", "Off"], 0, STYLE),
        (["--rule", "r1=off", "--rule", "R3=Off"], 0, STYLE),
        (["--rule", "R1=off", "--cfg-ceiling", "5"], 1, STYLE),
    ],
)
def test_rules_are_set(run: Run, arguments: list[str], status: int, prompt: str) -> None:
    got, output, _ = run("--prompt", STYLE, "--family", "sdxl", "--json", *arguments)
    assert got == status
    assert objects(output)[0]["prompt"] == prompt


def test_embeddings_are_kept(run: Run) -> None:
    arguments = ["--prompt", "x <lora:aria_vale:0.8>", "--negative", "lowres, ariavale"]
    _, output, _ = run(*arguments, "--family", "sdxl", "--json")
    assert objects(output)[0]["negative_prompt"] == "lowres"
    status, output, _ = run(*arguments, "--family", "sdxl", "--json", "--embedding", "ariavale")
    assert objects(output)[0]["negative_prompt"] == "lowres, ariavale"
    assert status == 0


def test_an_unknown_name_is_removed_where_the_host_would_drop_all(run: Run) -> None:
    prompt = "a <lora:gauche:1> <lora:gouache_poster:0.8>"
    arguments = ["--prompt", prompt, "--family", "sdxl", "--json"]
    assert objects(run(*arguments)[1])[0]["prompt"] == prompt
    assert "gauche" not in objects(run(*arguments, "--host", "forge")[1])[0]["prompt"]


def test_the_family_is_the_loras_own_where_nobody_says_it(run: Run) -> None:
    assert objects(run("--prompt", STYLE, "--json")[1])[0]["family"] == "sdxl"
    mixed = f"{STYLE} <lora:oil_flux:1>"
    assert objects(run("--prompt", mixed, "--json")[1])[0]["family"] == "unknown"
    assert objects(run("--prompt", STYLE, "--family", "", "--json")[1])[0]["family"] == "sdxl"
    assert "from the LoRAs" in run("--prompt", STYLE)[1]


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


@pytest.fixture
def renamed(tmp_path: Path) -> Path:
    """A folder with a style whose file has a hash, a version on Civitai and a new name."""
    numpy = pytest.importorskip("numpy")
    save = pytest.importorskip("safetensors.numpy").save_file
    stem = "lora_unet_input_blocks_4_1_transformer_blocks_0_attn2_to_k"
    tensors = {
        f"{stem}.lora_down.weight": numpy.ones((4, 2048), numpy.float32),
        f"{stem}.lora_up.weight": numpy.ones((640, 4), numpy.float32),
    }
    folder = tmp_path / "renamed"
    folder.mkdir()
    save(tensors, folder / "NewName.safetensors", {"sshs_model_hash": "0123456789ab" + "c" * 52})
    page = {
        "id": 135867,
        "modelId": 2,
        "baseModel": "SDXL 1.0",
        "trainedWords": [],
        "model": {"name": "Ink style", "type": "LORA", "tags": ["style"]},
    }
    (folder / "NewName.civitai.info").write_text(json.dumps(page), encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("more", "prompt"),
    [
        ('Lora hashes: "OldName: 0123456789ab"', "a <lora:NewName:-0.9>"),
        ('Lora hashes: "OldName: 0123456789AB, b: ffffffffffff"', "a <lora:NewName:-0.9>"),
        ('Lora hashes: "OldName: ffffffffffff"', "a <lora:OldName:-0.9>"),
        ('Lora hashes: "OldName: 0123"', "a <lora:OldName:-0.9>"),
        ('Lora hashes: "Other: 0123456789ab"', "a <lora:OldName:-0.9>"),
    ],
)
def test_renamed_files_are_found_by_their_hash(
    run: Run, renamed: Path, tmp_path: Path, more: str, prompt: str
) -> None:
    file = tmp_path / "a.txt"
    text = "a <lora:OldName:-0.9>\nNegative prompt: b\nSteps: 20, Sampler: Euler, CFG scale: 9, "
    file.write_text(text + more, encoding="utf-8")
    _, output, _ = run(
        "--lora-dir",
        str(renamed),
        "--file",
        str(file),
        "--mode",
        "advise",
        "--family",
        "sdxl",
        "--json",
    )
    assert objects(output)[0]["prompt"] == prompt


def test_versions_on_civitai_are_found_in_side_files(
    run: Run, renamed: Path, tmp_path: Path
) -> None:
    file = tmp_path / "a.txt"
    resources = [
        {"type": "lora", "weight": -0.8, "modelVersionId": number} for number in (135867, 5)
    ]
    file.write_text(
        f"car\nNegative prompt: b\nSteps: 20, Sampler: Euler, CFG scale: 9, "
        f"Civitai resources: {json.dumps(resources)}",
        encoding="utf-8",
    )
    _, output, _ = run(
        "--lora-dir", str(renamed), "--file", str(file), "--family", "sdxl", "--json"
    )
    [entry] = objects(output)
    assert entry["prompt"] == "car <lora:NewName:-0.5>"
    assert any("version 5 " in finding["reason"] for finding in entry["findings"])


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


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--prompt", "a", "--cfg", "seven"],
        ["--prompt", "a", "--cfg", "nan"],
        ["--prompt", "a", "--family", "sdlx"],
        ["--prompt", "a", "--cfg-ceiling", "9"],
        ["--prompt", "a", "--rule", "R5"],
        ["--prompt", "a", "--rule", "R99=off"],
        ["--prompt", "a", "--rule", "R5=maybe"],
        ["--prompt", "a", "--mode", "maybe"],
        ["--prompt", "a", "--lora-dir", "no such folder"],
        ["--file", "."],
    ],
)
def test_bad_arguments(run: Run, arguments: list[str]) -> None:
    status, output, errors = run(*arguments)
    assert (status, output) == (2, "")
    assert errors


def test_control_characters_do_not_reach_the_terminal(run: Run) -> None:
    _, output, _ = run("--prompt", "a\x1b[2Jb\x07, c\nd")
    assert "\x1b" not in output
    assert "a\\x1b[2Jb\\x07, c⏎d" in output


def test_show_tells_type_range_and_reasons(loras: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = loras / "gouache_poster.safetensors"
    assert main(["show", str(path)]) == 0
    output = capsys.readouterr().out
    for word in ("style", "sdxl", "−0.5", "gouache poster", "text encoder, unet", "62"):
        assert word in output
    assert main(["show", "--json", str(path)]) == 0
    [entry] = objects(capsys.readouterr().out)
    assert entry["inference"]["type"] == "style"
    assert entry["range_in_force"]["floor"] == -0.5


def test_show_measures_weights_when_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    numpy = pytest.importorskip("numpy")
    save = pytest.importorskip("safetensors.numpy").save_file
    stem = "lora_unet_up_blocks_0_attentions_1_proj_in"
    ones = {"lora_down": (4, 30), "lora_up": (40, 4)}
    tensors = {f"{stem}.{k}.weight": numpy.ones(v, numpy.float32) for k, v in ones.items()}
    save(tensors, tmp_path / "a.safetensors")
    assert main(["show", "--weights", str(tmp_path / "a.safetensors")]) == 0
    output = capsys.readouterr().out
    for words in ("1.0 of 4", "100%", "up_blocks.0.attentions.1", "slider 40%"):
        assert words in output
    assert main(["show", "--weights", "--json", str(tmp_path / "a.safetensors")]) == 0
    [entry] = objects(capsys.readouterr().out)
    assert entry["weights"]["layers"] == 1
    assert entry["leans_to"]["type"] == "slider"


def test_show_of_what_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "nothing.safetensors"]) == 2
    assert "nothing.safetensors" in capsys.readouterr().err


def test_library_lists_every_file(loras: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["library", str(loras)]) == 0
    output = capsys.readouterr().out
    assert main(["library", str(loras), "--json"]) == 0
    entries = objects(capsys.readouterr().out)
    assert {entry["name"] for entry in entries} == {lora.name for lora in sample_loras()}
    assert all(entry["name"] in output for entry in entries)


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "utf-8"])
def test_the_module_is_the_program_and_writes_utf8(loras: Path, encoding: str) -> None:
    command = ["-m", "lib_lora_neg", "check", "--lora-dir", str(loras), "--family", "sdxl"]
    done = subprocess.run(
        [sys.executable, *command, "--prompt", "水彩 <lora:gouache_poster:-0.9>"],
        cwd=ROOT,
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"},
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert "水彩 <lora:gouache_poster:-0.5>" in done.stdout.decode("utf-8")


def test_the_index_is_kept_between_runs(loras: Path, tmp_path: Path) -> None:
    assert main(["library", str(loras)]) == 0
    assert list((tmp_path / "index").iterdir())
    assert main(["library", str(loras)]) == 0


def test_a_usage_error_is_short(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["check", "--no-such-option\x1b[2J"])
    assert ended.value.code == 2
    errors = capsys.readouterr().err
    assert len(errors.splitlines()) <= 3
    assert "\x1b" not in errors


@pytest.mark.parametrize("width", [60, 80, 200])
def test_a_table_keeps_to_its_width(loras: Path, width: int) -> None:
    cards = [read_card(path) for path in sorted(loras.glob("*.safetensors"))]
    table = cards_as_table(cards, Palette(enabled=False), width)
    assert max(map(len, table.splitlines())) <= width
    assert table.count("\n") == len(cards)


def test_names_do_not_steer_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a\x1b[2Jb.safetensors").write_bytes(b"no LoRA")
    assert main(["library", str(tmp_path)]) == 0
    assert main(["show", str(tmp_path / "a\x1b[2Jb.safetensors")]) == 2
    captured = capsys.readouterr()
    assert "\x1b" not in captured.out + captured.err
    assert printable("a\u202eb") == "a\\u202eb"


def test_an_unusable_output_folder_or_port_is_said_first(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ServeError, match="output"):
        check_start(ServeOptions(tmp_path / "file" / "below"))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(ServeError, match="port"):
            check_start(ServeOptions(tmp_path, port=taken.getsockname()[1]))
    check_start(ServeOptions(tmp_path / "new"))


@pytest.fixture
def export(loras: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Run `lora-neg export` and return status, output and errors."""

    def run(*arguments: str) -> tuple[int, str, str]:
        try:
            status = main(["export", *arguments])
        except SystemExit as end:
            status = int(end.code or 0)
        return status, *capsys.readouterr()

    return run


def test_export_to_midjourney(export: Run) -> None:
    given = ("--to", "midjourney", "--prompt", "a street without cars")
    status, output, errors = export(*given, "--negative", "lowres, modern clothing")
    assert (status, errors) == (0, "")
    assert "a street --no cars, modern" in output
    assert "MJ-quality" in output
    status, output, _ = export(*given, "--negative", "lowres, fog", "--json")
    (made,) = objects(output)
    assert (made["text"], made["no"]) == ("a street --no cars, fog", ["cars", "fog"])
    assert made["findings"][0]["rule"] == "R9"


def test_export_bans_the_core_of_a_lora(export: Run, loras: Path) -> None:
    given = ("--to", "midjourney", "--lora-dir", str(loras), "--json")
    status, output, _ = export(*given, "--lora", "gouache_poster")
    (made,) = objects(output)
    assert status == 0
    assert "MJ-core" in {finding["rule"] for finding in made["findings"]}
    # The same LoRA at a negative weight in the prompt.
    _, output, _ = export(*given, "--prompt", "<lora:gouache_poster:-0.9>")
    assert objects(output)[0]["no"] == made["no"]


def test_export_reads_files(export: Run, tmp_path: Path) -> None:
    lines = tmp_path / "prompts.jsonl"
    lines.write_text('{"id": 7, "prompt": "a", "negative_prompt": "fog"}\n{"prompt": 1}\n')
    status, output, errors = export("--to", "midjourney", "--file", str(lines))
    assert status == 2
    assert "prompts.jsonl:2" in errors
    (made,) = objects(output)
    assert (made["id"], made["text"]) == (7, "a --no fog")
    back = tmp_path / "back.txt"
    back.write_text("a street --no fog\n\na lake --no rain --ar 1:1\n")
    status, output, _ = export("--to", "webui", "--file", str(back), "--json")
    assert status == 0
    assert [made["negative_prompt"] for made in objects(output)] == ["fog", "rain"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("--prompt", "a"),
        ("--to", "midjourney"),
        ("--to", "webui"),
        ("--to", "elsewhere", "--prompt", "a"),
        ("--to", "webui", "--prompt", "a", "--negative", "b"),
        ("--to", "midjourney", "--prompt", "a", "--lora", "x"),
        ("--to", "webui", "--file", "missing.txt"),
        ("--to", "midjourney", "--prompt", "a", "--lora-dir", "missing"),
    ],
)
def test_export_says_what_is_wrong_with_its_arguments(
    export: Run, arguments: tuple[str, ...]
) -> None:
    status, output, errors = export(*arguments)
    assert (status, output) == (2, "")
    assert errors.startswith("lora-neg")


def test_export_names_the_nearest_lora(export: Run, loras: Path) -> None:
    given = ("--to", "midjourney", "--lora-dir", str(loras))
    status, _, errors = export(*given, "--lora", "gouache_postr")
    assert status == 2
    assert "gouache_poster" in errors
