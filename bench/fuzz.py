"""A long fuzz, with figures: files, prompts, texts, pictures, long inputs and every expression.

Usage: python bench/fuzz.py all
       python bench/fuzz.py files prompts --count 2000 --seed 7
       python bench/fuzz.py long --characters 1000000 --table 10000000
       python bench/fuzz.py prompts --seed 7 --first 1234 --count 1

``files``, ``prompts``, ``texts`` and ``pictures`` are random cases, by default 20,000 files,
200,000 prompts and 20,000 of the others; ``long`` feeds prompts and infotexts of a million
characters and tag tables of ten million bytes; ``expressions`` tries every hard text of
`tests/test_patterns.py` on its expression. A case that fails, or takes more than two seconds of
CPU time, is printed with how to make it again, and the exit code is 1.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from lib_lora_neg.infotext import parse_infotext
from lib_lora_neg.loras import LoraFileError
from lib_lora_neg.loras.build import read_any_card
from lib_lora_neg.loras.reading.sidecars import MAX_SIDE_FILE_BYTES
from lib_lora_neg.metadata import MetadataError, read_text
from lib_lora_neg.policy import GenerationRequest, GuardSettings, Mode, PromptSet, plan
from lib_lora_neg.policy.settings import DEFAULT_RULE_MODES
from lib_lora_neg.policy.too_long import MOST_CHARACTERS
from tests.support.blank_loras import header_bytes
from tests.support.cards import card
from tests.support.fuzzing import KINDS, MOST_SECONDS, run

COUNTS = {"files": 20_000, "prompts": 200_000, "texts": 20_000, "pictures": 20_000}
SEEDS = (
    "(",
    "(a",
    "[a|",
    ")",
    "[a:0",
    "[a:b:",
    "[",
    "]",
    "|",
    ":",
    ",",
    "a,",
    "\n",
    " ",
    "a",
    "é",
    "漢",
    "\\",
    "\\(",
    "{",
    "__",
    "#",
    "<",
    "<lora:",
    "<lora:a:1>",
    "<lora:a:-1>",
    "<lora:w:1>",
    "<lora:x:1>",
    "<lora:a:1:",
    "(a:1.1)",
    "[a:b:0.5]",
    "[[a]]",
    "((a))",
    "BREAK ",
    "a AND b:",
    "AND ",
    "trig",
    "trig,",
    "trig ",
    "(trig",
    "[trig",
    "trig)",
    "trig\\",
    "\\(trig",
    "trig:",
    "[trig|a]",
    "[trig:trig:1]",
    "|trig,",
    "b ",
    "(b:1.1) ",
    "hat,",
    "koi,",
    "#trig\n",
    "__trig__,",
    "embedding:trig ",
    "hu tao (genshin impact), ",
    "red red dress dress ",
    "without a hat ",
    "no koi, ",
    "<ppp:stn>",
    "<!",
    "Steps: 1, ",
    "Negative prompt: ",
    'k: "',
    "a: [1,",
    '{"a":',
    '"\\',
    "--prompt a ",
    "\x1b[2J",
)
CARDS = {
    "a": card(
        "a",
        "style",
        triggers=("trig", "red dress", "hu tao (genshin impact)"),
        shares={"koi": 0.95, "hat": 0.7},
        negative_text="lowres, bad",
    ),
    "w": card("w", "concept", triggers=("b",)),
}
ENFORCED = GuardSettings(rules=dict.fromkeys(DEFAULT_RULE_MODES, Mode.ENFORCE))


class Timed:
    """CPU times of long inputs; those above the bound are printed."""

    def __init__(self) -> None:
        self.count = self.slow = 0
        self.worst = (0.0, "")

    def of(self, name: str, work: Callable[[], object]) -> None:
        start = time.process_time()
        work()
        spent = time.process_time() - start
        self.count += 1
        self.worst = max(self.worst, (spent, name))
        if spent > MOST_SECONDS:
            self.slow += 1
            print(f"SLOW {name}: {spent:.1f} s", flush=True)

    def told(self, name: str) -> bool:
        print(
            f"{name}: {self.count} inputs, {self.slow} above {MOST_SECONDS:g} s of CPU time, "
            f"slowest {self.worst[0]:.2f} s ({self.worst[1]})",
            flush=True,
        )
        return self.slow == 0


def long_prompts(characters: int) -> bool:
    """Plan prompts and negative prompts of every seed, with LoRAs active and all rules live."""
    timed = Timed()
    for seed in SEEDS:
        text = (seed * (characters // len(seed) + 1))[:characters]
        loras = "<lora:a:1><lora:w:0.5> b"
        for side, texts in (("prompt", (loras + text, "b")), ("negative", (loras, text))):
            request = GenerationRequest(PromptSet(texts[:1], texts[1:], 7.0))
            timed.of(f"{side} {seed!r}", lambda r=request: plan(r, CARDS, ENFORCED))
    return timed.told(f"prompts of {characters:,} characters")


def long_texts(characters: int) -> bool:
    """Read texts of other tools made of every seed, alone and within an infotext."""
    timed = Timed()
    infotext = "a\nNegative prompt: b\nSteps: 1, Sampler: a, CFG scale: 7, Seed: 1, "
    for seed in SEEDS:
        text = (seed * (characters // len(seed) + 1))[:characters]
        for name, whole in (
            ("alone", text),
            ("infotext", infotext + text),
            ("before", text + "\n" + infotext),
        ):
            timed.of(f"{name} {seed!r}", lambda w=whole: _read_text(w))
            timed.of(f"parse_infotext {name} {seed!r}", lambda w=whole: parse_infotext(w))
    return timed.told(f"texts of {characters:,} characters")


def _read_text(text: str) -> None:
    try:
        for _ in read_text(text):
            pass
    except MetadataError:
        pass


def long_tables(size: int) -> bool:
    """Read cards of files whose tag tables, or side files, are very long."""
    timed = Timed()
    for name, metadata, side in _tables(size):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "x.safetensors"
            raw, _ = header_bytes({"lora_unet_x.alpha": ()}, metadata)
            path.write_bytes(raw + bytes(64))
            for suffix in (".json", ".civitai.info", ".txt"):
                if side is not None:
                    path.with_suffix(suffix).write_text(side, encoding="utf-8")
            timed.of(name, lambda p=path: _use_card(p))
    return timed.told(f"tag tables and side files of {size:,} bytes")


def _tables(size: int) -> Iterator[tuple[str, dict[str, str], str | None]]:
    many = {f"tag {number}": number % 97 for number in range(size // 16)}
    yield "many tags", {"ss_tag_frequency": json.dumps({"1_x": many})}, None
    sets = {f"{number}_s": {"a": 1, "b c": 2} for number in range(size // 34)}
    yield "many sets", {"ss_tag_frequency": json.dumps(sets)}, None
    for seed in ("(", "a,", " ", "\\", "[", "{", '"', "(a b) ", "use the word ", "-1 to "):
        text = seed * (size // len(seed))
        yield f"one tag {seed!r}", {"ss_tag_frequency": json.dumps({"1_x": {text: 1}})}, None
        yield f"no JSON {seed!r}", {"ss_tag_frequency": text, "ss_network_args": text}, None
        yield f"title {seed!r}", {"modelspec.title": text, "modelspec.trigger_phrase": text}, None
        # Escaped, a character may take two bytes; a longer side file would not be read at all.
        page = {
            "description": text[:3_000_000],
            "trainedWords": [text[:400_000]],
            "activation text": "",
        }
        yield f"side file {seed!r}", {}, json.dumps(page)
    for words in (["w" * 8] * 600_000, [f"w{number} q" for number in range(400_000)]):
        side = json.dumps({"modelId": 1, "trainedWords": words, "tags": words[:1000]})
        assert len(side) < MAX_SIDE_FILE_BYTES
        yield f"many words like {words[1]!r}", {}, side


def _use_card(path: Path) -> None:
    try:
        made = read_any_card(path)
    except LoraFileError:
        return
    request = GenerationRequest(PromptSet(("<lora:x:1>",), ("a, b c, tag 1",), 7.0))
    plan(request, {"x": made})
    len(made.tags.shares)


def expressions() -> bool:
    """Try every hard text of each expression of the package."""
    from tests import test_patterns as patterns

    count, bad = 0, 0
    for entry in patterns.found:
        seeds = patterns.hard_seeds(entry.pattern)
        count += len(seeds)
        try:
            patterns.check(entry.pattern, seeds, patterns.mend_of(entry), entry.anchored)
        except AssertionError as error:
            bad += 1
            print(f"SLOW {entry}: {error}", flush=True)
    print(
        f"expressions: {len(patterns.found)} with {count} hard texts, {bad} not linear", flush=True
    )
    return bad == 0


def cases(kind: str, arguments: argparse.Namespace) -> bool:
    """Run the random cases of one kind and print what came of them."""
    count = arguments.count if arguments.count is not None else COUNTS[kind]
    start = time.monotonic()
    until = start + arguments.minutes * 60 if arguments.minutes else 0.0
    numbers = range(arguments.first, arguments.first + count)
    tally = run(kind, arguments.seed, numbers, until, go_on=True)
    for failed in tally.failed:
        print(f"FAILED {failed}", flush=True)
    outcomes = ", ".join(f"{number} {name}" for name, number in tally.outcomes.most_common())
    slowest, number = tally.slowest
    print(
        f"{kind}: {tally.cases} of {count} cases ({outcomes}), {len(tally.failed)} failed, "
        f"slowest {slowest:.2f} s"
        f" of CPU time (number {number}), {time.monotonic() - start:.0f} s in all",
        flush=True,
    )
    return not tally.failed


def main() -> int:
    """Run what is asked for; return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", nargs="+", choices=[*KINDS, "long", "expressions", "all"])
    parser.add_argument("--seed", default="1")
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    parser.add_argument("--count", type=int, help="cases of each kind")
    parser.add_argument("--minutes", type=float, default=0.0, help="at most, for each kind")
    parser.add_argument("--characters", type=int, default=1_000_000)
    parser.add_argument("--table", type=int, default=10_000_000, help="bytes of a tag table")
    arguments = parser.parse_args()
    whole = "all" in arguments.what
    good = True
    if whole or "long" in arguments.what:
        for characters in (MOST_CHARACTERS - 100, arguments.characters):
            good &= long_prompts(characters)
        good &= long_texts(arguments.characters)
        good &= long_tables(arguments.table)
    for kind in KINDS:
        if whole or kind in arguments.what:
            good &= cases(kind, arguments)
    if whole or "expressions" in arguments.what:
        good &= expressions()
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
