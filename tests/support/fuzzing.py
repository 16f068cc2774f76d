"""Random cases, each made from a seed and a number alone, and what must hold for all of them.

A case that fails is made again by ``python bench/fuzz.py KIND --seed SEED --first NUMBER``.
"""

from __future__ import annotations

import json
import random
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from lib_lora_neg.infotext import format_infotext, parse_infotext
from lib_lora_neg.loras import LoraFileError, read_card
from lib_lora_neg.loras.build import read_any_card
from lib_lora_neg.loras.card import LoraCard
from lib_lora_neg.metadata import MetadataError, Recipe, read_picture, read_text
from lib_lora_neg.policy import GuardPlan, plan
from tests.pictures import chunk, png
from tests.support import fuzz_requests as requests
from tests.support.blank_loras import header_bytes

MOST_SECONDS = 2.0
"""CPU time that one case may take."""


@dataclass
class Tally:
    """What came of some cases.

    Attributes:
        cases: how many ran.
        outcomes: how many ended in which way.
        slowest: CPU seconds of the slowest, and its number.
        failed: what failed, where that does not end the run.
    """

    cases: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    slowest: tuple[float, int] = (0.0, 0)
    failed: list[str] = field(default_factory=list)


class FuzzError(AssertionError):
    """A case failed; the text says how to make it again."""


def run(
    kind: str, seed: str, numbers: Iterator[int] | range, until: float = 0.0, go_on: bool = False
) -> Tally:
    """Run the cases ``numbers`` of one kind; stop early when `time.monotonic` passes ``until``.

    Raises:
        FuzzError: a case raised, did not hold, or took more than `MOST_SECONDS` of CPU time, and
            the others are not to ``go_on``.
    """
    tally = Tally()
    for number in numbers:
        try:
            outcome, spent = _timed(kind, seed, number)
        except FuzzError as error:
            if not go_on:
                raise
            tally.failed.append(str(error))
            outcome, spent = "failed", 0.0
        tally.cases += 1
        tally.outcomes[outcome] += 1
        tally.slowest = max(tally.slowest, (spent, number))
        if until and time.monotonic() > until:
            break
    return tally


def _timed(kind: str, seed: str, number: int) -> tuple[str, float]:
    again = f"python bench/fuzz.py {kind} --seed {seed} --first {number} --count 1"
    start = time.process_time()
    try:
        outcome = KINDS[kind](random.Random(f"{kind} {seed} {number}"))
    except Exception as error:
        raise FuzzError(f"{again}: {type(error).__name__}: {error}") from error
    spent = time.process_time() - start
    if spent > MOST_SECONDS:
        raise FuzzError(f"{again}: {spent:.1f} s of CPU time")
    return outcome, spent


# ---- mutations -----------------------------------------------------------------------------

_PIECES = [
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "<",
    ">",
    ":",
    ",",
    '"',
    "'",
    "\\",
    "\n",
    "\r",
    "\0",
    " ",
    "|",
    "#",
    "\x1b[2J",
    "\u202e",
    "\ufeff",
    "漢",
    "é",
    "nan",
    "NaN",
    "Infinity",
    "-1",
    "1e999",
    "null",
    "[]",
    "{}",
    "<lora:a:1>",
    "Negative prompt: ",
    "Steps: 20, ",
    "\ud800",
    "9" * 400,
    "[" * 300,
]


def mutated_text(rng: random.Random, text: str) -> str:
    """Return a text cut, doubled, swapped and sprinkled with what is hard to read."""
    for _ in range(rng.choice((0, 1, 1, 2, 4, 8))):
        start, end = sorted((rng.randint(0, len(text)), rng.randint(0, len(text))))
        way = rng.randrange(5)
        if way == 0:
            text = text[:start] + rng.choice(_PIECES) + text[start:]
        elif way == 1:
            text = text[:start] + text[end:]
        elif way == 2:
            text = text[:end] + text[start:end] * rng.choice((1, 2, 20)) + text[end:]
        elif way == 3:
            text = text[:start] + text[end:] + text[start:end]
        else:
            text = text[:start] + rng.choice(_PIECES) * rng.choice((1, 3, 200)) + text[end:]
        text = text[:50_000]
    return text


def mutated_bytes(rng: random.Random, raw: bytes) -> bytes:
    """Return bytes with some of them changed, cut, doubled or put in."""
    made = bytearray(raw)
    for _ in range(rng.choice((0, 1, 1, 2, 6))):
        at = rng.randint(0, len(made))
        way = rng.randrange(4)
        if way == 0 and at < len(made):
            made[at] = rng.randrange(256)
        elif way == 1:
            del made[at : at + rng.choice((1, 4, 1000))]
        elif way == 2:
            made[at:at] = rng.randbytes(rng.choice((1, 8, 100)))
        else:
            made[at:at] = made[at : at + 50]
    return bytes(made)


def _value(rng: random.Random, depth: int = 3) -> Any:
    """Return any value of JSON."""
    way = rng.randrange(9 if depth else 7)
    if way < 3:
        return mutated_text(rng, rng.choice(requests.PHRASES))
    if way < 7:
        return rng.choice((None, True, 0, -1, 1.5, float("nan"), 10**30, "", "-1 to 1", "0.8"))
    inner = [_value(rng, depth - 1) for _ in range(rng.randrange(4))]
    return inner if way == 7 else {rng.choice(SIDE_KEYS): value for value in inner}


# ---- files ---------------------------------------------------------------------------------

METADATA_KEYS = (
    *("ss_tag_frequency", "ss_dataset_dirs", "ss_reg_dataset_dirs", "ss_datasets"),
    *("ss_network_args", "software", "ss_network_dim", "ss_network_alpha", "ss_num_train_images"),
    *("ss_output_name", "ss_base_model_version", "ss_v2", "ss_keep_tokens", "sshs_model_hash"),
    *("modelspec.tags", "modelspec.title", "modelspec.usage_hint", "modelspec.trigger_phrase"),
    *("modelspec.architecture", "modelspec.is_negative_embedding", "lora_adapter_metadata"),
    *("ot_branch", "modelspec.hash_sha256"),
)
SIDE_KEYS = (
    *("description", "notes", "model", "tags", "trainedWords", "images", "files", "usage_tips"),
    *("civitai", "raw", "ModelName", "Tags", "id", "TrainedWords", "name", "lora_neg", "settings"),
    *("modelVersions", "baseModel", "skeleton_file", "strengthMin", "strengthMax", "strength"),
    *("minStrength", "maxStrength", "sha256", "hashes", "type", "sd_version", "trigger_phrase"),
    *("activation text", "preferred weight", "negative text", "sd version"),
)
SIDE_SUFFIXES = (
    ".json",
    ".civitai.info",
    ".swarm.json",
    ".metadata.json",
    ".cm-info.json",
    ".api_info.json",
    ".safetensors.rgthree-info.json",
    ".txt",
)
LAYERS = (
    "lora_unet_x",
    "lora_te_text_model_encoder_layers_0_mlp_fc1",
    "lora_te2_x",
    "lora_unet_single_7",
    "transformer.single_blocks.3.attn",
    "diffusion_model.layers.1.attention",
    "unet.down.0",
    "lora_unet_input_blocks_4_1_transformer_blocks_0_attn2_to_k",
    "base_model.model.q",
)
ENDS = (
    (".lora_down.weight", (4, 8)),
    (".lora_up.weight", (8, 4)),
    (".alpha", ()),
    (".dora_scale", (8, 1)),
    (".hada_w1_a", (4, 4)),
    (".lokr_w1", (2, 2)),
    (".lora_A.weight", (4, 8)),
    (".oft_blocks", (2, 4, 4)),
    (".diff_b", (8,)),
    (".emb", (2, 768)),
)
TABLES = (
    {"10_trig style": {"trig": 20, "red dress": 19, "1girl": 12}},
    {"img": {f"tag {number}": number for number in range(60)}},
    {"a": {"a woman, standing": 1}, "b": {"": 0, "x": -3}},
)


def file_case(rng: random.Random) -> str:
    """A LoRA file and side files, mutated: a card or a finding, the same every time."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "x.safetensors"
        whole = _whole_file(rng)
        path.write_bytes(mutated_bytes(rng, whole) if rng.random() < 0.6 else whole)
        for suffix in rng.sample(SIDE_SUFFIXES, rng.choice((0, 0, 1, 2, 3))):
            (path.parent / f"x{suffix}").write_bytes(_side_file(rng))
        return _read(path)


def _whole_file(rng: random.Random) -> bytes:
    chosen = [(rng.choice(LAYERS), *rng.choice(ENDS)) for _ in range(rng.randint(0, 8))]
    metadata = {key: _metadata(rng, key) for key in rng.sample(METADATA_KEYS, rng.randint(0, 6))}
    raw, _ = header_bytes({layer + end: shape for layer, end, shape in chosen}, metadata)
    header = json.loads(raw[8:])
    ends = [entry["data_offsets"][1] for key, entry in header.items() if key != "__metadata__"]
    return raw + bytes(max(ends, default=0))


def _metadata(rng: random.Random, key: str) -> str:
    if key == "ss_tag_frequency" and rng.random() < 0.7:
        return mutated_text(rng, json.dumps(rng.choice(TABLES)))
    value = _value(rng)
    text = value if isinstance(value, str) else json.dumps(value)
    return text.encode("utf-8", "replace").decode("utf-8")


def _side_file(rng: random.Random) -> bytes:
    record = {rng.choice(SIDE_KEYS): _value(rng) for _ in range(rng.randint(0, 8))}
    text = json.dumps(record)
    if rng.random() < 0.4:
        text = mutated_text(rng, text)
    return mutated_bytes(rng, text.encode("utf-8", "surrogatepass"))


def _read(path: Path) -> str:
    read, fault = read_any_card(path), ""
    card: LoraCard | None
    try:
        card = read_card(path)
    except LoraFileError as error:
        card, fault = None, error.fault
    if card is None:
        assert fault in read.problems
        outcome = "broken file"
    else:
        assert card == read
        outcome = "card with problems" if card.problems else "card"
    assert read == read_any_card(path)
    check_card(read)
    return outcome


def check_card(card: LoraCard) -> None:
    """Make sure that a card holds nothing that a rule cannot bear."""
    assert 0 <= card.inference.confidence <= 1
    assert all(trigger.text.strip() for trigger in card.triggers)
    assert all(0 <= share <= 1 for share in card.tags.shares.values())
    for known in card.ranges:
        assert known.floor is None or known.floor == known.floor
    assert card.preferred_weight is None or abs(card.preferred_weight) < float("inf")
    request = requests.one("<lora:x:-0.9>", "trig, red dress")
    _check_plan(plan(request, {"x": card}), {"x": card}, requests.DEFAULTS)


# ---- prompts -------------------------------------------------------------------------------


def prompt_case(rng: random.Random) -> str:
    """A request with random prompts, cards and settings: guarded once and for all."""
    request, cards, settings = requests.request(rng), requests.cards(rng), requests.settings(rng)
    result = plan(request, cards, settings)
    return _check_plan(result, cards, settings)


def _check_plan(result: GuardPlan, cards: Any, settings: Any) -> str:
    guarded = replace(result.request, first=result.first, hires=result.hires)
    again = plan(guarded, cards, settings)
    assert not again.changed, "guarding the guarded changes something"
    requests.check_edits(result)
    said = any(finding.effect.value == "enforced" for finding in result.findings)
    assert said or not result.changed, "changed and not said"
    return "changed" if result.changed else "advised" if result.findings else "untouched"


# ---- texts and pictures of other tools -----------------------------------------------------

INFOTEXT = (
    "a cat, <lora:x:-0.8>\nNegative prompt: trig, blurry\nSteps: 20, Sampler: DDIM, CFG scale: 7, "
    'Seed: 1, Size: 64x64, Lora hashes: "x: 0123456789ab", Version: v1.10.1'
)
_COMFY = {
    "3": {
        "class_type": "KSampler",
        "inputs": {"cfg": 7, "positive": ["6", 0], "negative": ["7", 0], "model": ["4", 0]},
    },
    "4": {
        "class_type": "LoraLoader",
        "inputs": {"lora_name": "x", "strength_model": 1, "model": ["4", 0]},
    },
    "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "a"}},
    "7": {"class_type": "CLIPTextEncode", "inputs": {"text": ["6", 0]}},
}
_RECORDS: tuple[Any, ...] = (
    _COMFY,
    {"prompt": "a", "negative_prompt": "b", "cfg_scale": 7, "enable_hr": True},
    [{"prompt": "a", "negativePrompt": "b", "cfgScale": 5}, "c"],
    {"sui_image_params": {"prompt": "a", "negativeprompt": "b", "loras": ["x"], "cfgscale": 4}},
    {"Prompt": "a", "Negative Prompt": "b", "LoRAs": [["x", 0.5]], "Guidance Scale": 4},
    {"positive_prompt": "a", "negative_prompt": "b", "app_version": "5", "loras": [{"weight": 1}]},
    {"Comment": json.dumps({"prompt": "a", "uc": "b", "scale": 5}), "Software": "NovelAI"},
)
FOREIGN = (
    INFOTEXT,
    INFOTEXT.replace("\n", " "),
    "Parameters                      : " + INFOTEXT.replace("\n", "."),
    '--prompt "a <lora:x:1>" --negative_prompt "b" --cfg_scale 5\n--prompt c',
    "a cat\na dog",
    *map(json.dumps, _RECORDS),
)


def text_case(rng: random.Random) -> str:
    """A text of another tool, mutated: recipes or an error, never nothing."""
    text = mutated_text(rng, rng.choice(FOREIGN))
    if rng.random() < 0.3:
        text = text + rng.choice(("\n", "\n\n", "", ",")) + mutated_text(rng, rng.choice(FOREIGN))
    said = parse_infotext(text)
    assert isinstance(format_infotext(said), str)
    return _outcome(lambda: list(read_text(text)))


def picture_case(rng: random.Random) -> str:
    """A PNG file that says how it was made, mutated."""
    key = rng.choice((b"parameters", b"Comment", b"prompt", b"workflow", b"invokeai_metadata"))
    text = mutated_text(rng, rng.choice(FOREIGN)).encode("utf-8", "replace")
    kind, body = rng.choice(((b"tEXt", text), (b"iTXt", b"\0\0\0\0" + text)))
    whole = png(chunk(kind, key + b"\0" + body))
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "x.png"
        path.write_bytes(mutated_bytes(rng, whole) if rng.random() < 0.5 else whole)
        return _outcome(lambda: read_picture(path))


def _outcome(read: Callable[[], list[Any]]) -> str:
    try:
        found = read()
    except MetadataError:
        return "refused"
    assert found, "neither a recipe nor an error"
    assert all(isinstance(one, Recipe | MetadataError) for one in found)
    return "recipes" if any(isinstance(one, Recipe) for one in found) else "refused"


KINDS: dict[str, Callable[[random.Random], str]] = {
    "files": file_case,
    "prompts": prompt_case,
    "texts": text_case,
    "pictures": picture_case,
}
"""The kinds of cases; each makes and checks one and says how it ended."""
