"""`lora-neg check` on prompts given as options."""

from __future__ import annotations

import pytest

from tests.support.commands import GUARDED_STYLE, STYLE, Run, objects


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
