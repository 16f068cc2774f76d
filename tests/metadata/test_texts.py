"""Texts that people and tools pass on: each form, read into the same recipe."""

from __future__ import annotations

import json

import pytest

from lib_lora_neg.metadata import MetadataError, NamedLora, Recipe, UsedVersion, read_text

PROMPT, NEGATIVE = "a lighthouse <lora:sty:-0.9>", "lowres, oil"
PARAMETERS = "Steps: 20, Sampler: Euler a, CFG scale: 9, Seed: 1, Size: 512x512"
INFOTEXT = f"{PROMPT}\nNegative prompt: {NEGATIVE}\n{PARAMETERS}"


def read(text: str) -> list[Recipe]:
    found = list(read_text(text))
    for recipe in found:
        assert isinstance(recipe, Recipe), recipe
    return [recipe for recipe in found if isinstance(recipe, Recipe)]


ONE = {
    "as the host writes it": INFOTEXT,
    "with Windows' line ends": INFOTEXT.replace("\n", "\r\n"),
    "on one line": INFOTEXT.replace("\n", " "),
    "on one line, without spaces": INFOTEXT.replace("\n", ""),
    "the negative prompt behind the prompt": INFOTEXT.replace("\nNeg", " Neg"),
    "the parameters behind the negative prompt": INFOTEXT.replace("\nSteps", " Steps"),
    "with labels in capitals": INFOTEXT.replace("Negative prompt", "Negative Prompt"),
    "every value on a line": f"Prompt: {PROMPT}\nNegative Prompt: {NEGATIVE}\n"
    "Steps: 20\nSampler: Euler a\nCFG scale: 9\nSeed: 1",
    "parameters on two lines": INFOTEXT.replace(", CFG", ",\nCFG"),
    "parameters that begin with the sampler": INFOTEXT.replace(
        "Steps: 20, Sampler: Euler a", "Sampler: Euler a, Steps: 20"
    ),
    "old templates": f"{INFOTEXT}\nTemplate: a __place__ <lora:sty:-0.3>\nNegative Template: low",
    "old templates of several lines": f"{INFOTEXT}\nTemplate: a __place__,\nfog, CFG scale: 3\n",
    "new templates": f'{INFOTEXT}, Template: "a __place__, CFG scale: 3", Negative Template: "b"',
    "SD.Next": f"{PROMPT}\nNegative prompt: {NEGATIVE}\nSteps: 20, Size: 1024x1024, "
    'Sampler: Euler a, Seed: 1, CFG scale: 9, App: SD.Next, LoRA networks: "sty:-0.9"',
    "exiftool": "ExifTool Version Number         : 12.76\n"
    "File Name                       : a.png\n"
    f"Parameters                      : {INFOTEXT.replace(chr(10), '.')}\n"
    f"Image Size                      : 512x512",
    "exiftool, one tag": f"Parameters                      : {INFOTEXT.replace(chr(10), '.')}",
    "exiftool with groups": f"[PNG]           Parameters                      : "
    f"{INFOTEXT.replace(chr(10), '.')}\n[File]          File Size                       : 2 MB",
    "exiftool, user comment": f"User Comment                    : {INFOTEXT.replace(chr(10), ' ')}",
    "exiftool -json": json.dumps([{"SourceFile": "a.png", "Parameters": INFOTEXT}]),
    "identify": f"  Properties:\n    date:create: 2026\n    parameters: {INFOTEXT}\n",
    "YAML": f"prompt: {PROMPT}\nnegative_prompt: '{NEGATIVE}'\ncfg_scale: 9\nsteps: 20\n",
    "YAML blocks": f"prompt: |\n  {PROMPT}\nnegative_prompt: |\n  {NEGATIVE}\ncfg: 9\n",
    "labels of other tools": f"Prompt: {PROMPT}\nNegative: {NEGATIVE}\nCFG: 9\nSeed: 5",
    "the API's payload": json.dumps(
        {"prompt": PROMPT, "negative_prompt": NEGATIVE, "cfg_scale": 9, "steps": 20}
    ),
    "pretty-printed": json.dumps(
        {"prompt": PROMPT, "negative_prompt": NEGATIVE, "cfg_scale": 9}, indent=2
    ),
    "a list of payloads": json.dumps(
        [{"prompt": PROMPT, "negative_prompt": NEGATIVE, "cfg_scale": "9"}], indent=4
    ),
    "the API's answer": json.dumps(
        {"images": ["iVBOR"], "parameters": {"prompt": PROMPT, "negative_prompt": NEGATIVE,
         "cfg_scale": 9}, "info": "{}"}
    ),
    "other keys": json.dumps({"prompt": PROMPT, "negativePrompt": NEGATIVE, "cfgScale": 9}),
    "short keys": json.dumps({"Positive": PROMPT, "negative": NEGATIVE, "CFG": 9.0}),
    "Civitai's API": json.dumps(
        {"items": [{"id": 1, "meta": {"prompt": PROMPT, "negativePrompt": NEGATIVE,
         "cfgScale": 9, "resources": [{"name": "sty", "type": "lora", "weight": -0.9}]}}]}
    ),
    "prompts from file": f'--prompt "{PROMPT}" --negative_prompt "{NEGATIVE}" --cfg_scale 9',
    "prompts from file, bare": f"--prompt {PROMPT} --steps 20 --negative_prompt {NEGATIVE} "
    "--cfg_scale 9",
    "a table": f'name,prompt,negative_prompt,cfg_scale\nx,"{PROMPT}","{NEGATIVE}",9\n',
}  # fmt: skip


@pytest.mark.parametrize("text", ONE.values(), ids=ONE.keys())
def test_every_form_is_the_same_recipe(text: str) -> None:
    [recipe] = read(text)
    assert recipe.prompt == PROMPT
    assert recipe.negative_prompt == NEGATIVE
    assert recipe.cfg_scale == 9.0
    assert recipe.loras == ()
    assert recipe.notes == ()


OTHER = INFOTEXT.replace("lighthouse", "harbor").replace("CFG scale: 9", "CFG scale: 4.5")


@pytest.mark.parametrize(
    "text",
    [
        f"{INFOTEXT}\n\n{OTHER}",
        f"{INFOTEXT}\n{OTHER}\n",
        f"{INFOTEXT}\n\n----------\n\n{OTHER}",
        INFOTEXT.replace("\n", " ") + "\n" + OTHER.replace("\n", " "),
        f"{INFOTEXT}\nTemplate: x\n\n{OTHER}\nTemplate: y\nNegative Template: z",
        json.dumps([INFOTEXT, OTHER]),
        "\n".join(
            f"======== {name}.png\nParameters                      : {text.replace(chr(10), '.')}"
            for name, text in (("a", INFOTEXT), ("b", OTHER))
        ),
        json.dumps({"prompt": PROMPT, "negative_prompt": NEGATIVE, "cfg": 9})
        + "\n"
        + json.dumps({"prompt": OTHER.split("\n")[0], "negative": NEGATIVE, "cfg": 4.5}),
    ],
)
def test_several_in_one_file(text: str) -> None:
    recipes = read(text)
    assert [recipe.prompt for recipe in recipes] == [PROMPT, PROMPT.replace("lighthouse", "harbor")]
    assert [recipe.negative_prompt for recipe in recipes] == [NEGATIVE, NEGATIVE]
    assert [recipe.cfg_scale for recipe in recipes] == [9.0, 4.5]


def test_civitai_resources_name_loras_outside_the_prompt() -> None:
    resources = [
        {"type": "checkpoint", "modelVersionId": 290640},
        {"type": "lora", "weight": -0.8, "modelVersionId": 135867, "modelName": "Ink, wash"},
        {"type": "lora", "weight": 0.5, "modelName": "Own"},
        {"type": "embed", "weight": 1, "modelVersionId": 3},
    ]
    [recipe] = read(
        f"score_9, car\nNegative prompt: score_6\n{PARAMETERS}, Created Date: 2024-10-25T16:34:29Z,"
        f" Civitai resources: {json.dumps(resources)}, Civitai metadata: {{}}"
    )
    assert recipe.versions == (UsedVersion(135867, -0.8, "Ink, wash"),)
    assert recipe.loras == (NamedLora("Own", 0.5),)
    assert (recipe.prompt, recipe.cfg_scale) == ("score_9, car", 9.0)
    [broken] = read(f"a\n{PARAMETERS}, Civitai resources: [{{")
    assert any("Civitai" in note for note in broken.notes)


@pytest.mark.parametrize(
    ("more", "loras"),
    [
        ('Lora weights: "sty: 0.5, ink: -0.7"', (NamedLora("ink", -0.7),)),
        ("LoRA networks: ink:-0.7", (NamedLora("ink", -0.7),)),
        (
            "AddNet Enabled: True, AddNet Model 1: ink(01), AddNet Weight A 1: -0.7, "  # noqa: ISC004
            "AddNet Weight B 1: 0.5",
            (NamedLora("ink", -0.7, 0.5),),
        ),
        ("AddNet Enabled: False, AddNet Model 1: ink(0123abcd), AddNet Weight A 1: -0.7", ()),
    ],
)
def test_loras_in_the_parameters(more: str, loras: tuple[NamedLora, ...]) -> None:
    [recipe] = read(f"{INFOTEXT}, {more}")
    assert recipe.loras == loras


def test_hashes_and_the_hires_pass_are_kept() -> None:
    [recipe] = read(
        f'{INFOTEXT}, Hires upscale: 2, Hires prompt: "b, <lora:x:1>", Hires CFG Scale: 8, '
        'Lora hashes: "sty: 0123456789AB, b: 22", Distilled CFG Scale: 3.5'
    )
    assert recipe.lora_hashes == {"sty": "0123456789ab", "b": "22"}
    assert recipe.hires is not None
    assert (recipe.hires.prompt, recipe.hires.cfg_scale) == ("b, <lora:x:1>", 8.0)
    assert recipe.hires.negative_prompt is None
    assert recipe.distilled


@pytest.mark.parametrize(
    ("written", "hashes"),
    [
        ('{"model": "ab", "lora:sty": "0123456789", "vae": "cd"}', {"sty": "0123456789"}),
        ('{"LORA:sub/sty.safetensors": "0123456789AB"}', {"sty": "0123456789ab"}),
        ('{"locon:a": "0123456789", "embed:b": "0123456789"}', {"a": "0123456789"}),
        ('{"lora:a": 5, "lora": "x"}', {}),
        ('{"lora:a": "01', {}),
        ("abc", {}),
    ],
)
def test_hashes_as_the_civitai_extension_writes_them(written: str, hashes: dict[str, str]) -> None:
    (recipe,) = read_text(f"a <lora:sty:1>\nSteps: 2, Seed: 1, CFG scale: 5, Hashes: {written}")
    assert isinstance(recipe, Recipe)
    assert recipe.lora_hashes == hashes


@pytest.mark.parametrize(
    ("value", "loras"),
    [
        ([{"name": "sty", "weight": -0.9}], (NamedLora("sty", -0.9),)),
        ([{"model": "a/sty.safetensors", "strength": "0.5"}], (NamedLora("sty", 0.5),)),
        ({"sty": -0.9, "b": {"strength": 2}}, (NamedLora("sty", -0.9), NamedLora("b", 2.0))),
        (["sty:-0.9", "b"], (NamedLora("sty", -0.9), NamedLora("b"))),
        ([["sty.safetensors", -0.9, 0.5]], (NamedLora("sty", -0.9, 0.5),)),
    ],
)
def test_loras_beside_a_payload(value: object, loras: tuple[NamedLora, ...]) -> None:
    [recipe] = read(json.dumps({"prompt": "a", "loras": value}))
    assert recipe.loras == loras
    assert recipe.notes == ()


@pytest.mark.parametrize(
    ("record", "named"),
    [
        ({"prompt": "a", "loras": 3}, "loras"),
        ({"prompt": "a", "styles": ["cinematic"]}, "styles"),
        ({"prompt": "a", "negative_prompt_2": "b"}, "negative_prompt_2"),
        ({"prompt": "a", "lora_scale": 0.5}, "lora_scale"),
    ],
)
def test_what_is_not_understood_of_a_payload_is_named(record: object, named: str) -> None:
    [recipe] = read(json.dumps(record))
    assert any(named in note for note in recipe.notes)


def test_what_stands_behind_the_parameters_is_named() -> None:
    [recipe] = read(f"{INFOTEXT}\nScore: high")
    assert recipe.cfg_scale == 9.0
    assert any("Score: high" in note for note in recipe.notes)


@pytest.mark.parametrize(
    "line",
    ["a castle --negative_prompt lowres", "a castle --no people --ar 3:2"],
)
def test_options_that_are_words_to_the_host_are_named(line: str) -> None:
    [recipe] = read(line)
    assert recipe.prompt == line
    assert recipe.notes


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n\n",
        "\0" * 100,
        "a\0 \0c\0a\0t\0",
        "<!DOCTYPE html><html></html>",
        "version https://git-lfs.github.com/spec/v1\noid sha256:00",
        '{"prompt": "a"',
        '{"steps": 20, "seed": 1}',
        "[]",
        "[1, 2]",
        '{"nodes": [], "links": []}',
        '{"1": {"class_type": "SaveImage", "inputs": {}}}',
    ],
)
def test_what_is_no_recipe_is_an_error(text: str) -> None:
    with pytest.raises(MetadataError):
        list(read_text(text))


@pytest.mark.parametrize(
    "line",
    ["--prompt", "--promt a", "--prompt 'a", "--prompt a --cfg_scale x", "-- a", "--cfg 7"],
)
def test_a_bad_line_is_an_error_and_the_others_are_read(line: str) -> None:
    first, bad, last = read_text(f"a\n{line}\nb")
    assert isinstance(bad, MetadataError)
    assert "line 2" in str(bad)
    assert isinstance(first, Recipe)
    assert isinstance(last, Recipe)
    assert (first.prompt, last.prompt) == ("a", "b")


@pytest.mark.parametrize(
    "text",
    [
        "[a|b] castle\n{a|b} harbor",
        "[fog:rain:0.5], a castle\nsteps: many of them, a harbor",
        "((masterpiece)), Size: large\n--",
    ],
)
def test_prompts_that_look_like_something_else(text: str) -> None:
    first = next(iter(read_text(text)))
    assert isinstance(first, Recipe)
    assert first.prompt == text.split("\n")[0]


@pytest.mark.parametrize("value", [[1], {"a": 1}, "x"])
def test_a_key_without_a_name_is_no_known_one(value: object) -> None:
    (found,) = read_text(json.dumps({"prompt": "a", "": value}))
    assert isinstance(found, Recipe)
    assert found.prompt == "a"
