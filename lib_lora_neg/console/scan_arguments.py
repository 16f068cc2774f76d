"""The arguments of `lora-neg scan`."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..scan.plan import LoraPart
from ..scan.weights import PRESETS, WeightListError, parse_weights
from .common_arguments import add_device, add_lora_folders

DESCRIPTION = """Make pictures over the weights of a LoRA and judge them: what does it suppress
at negative weight, and where does damage begin? Needs the diffusers extra."""

EPILOG = """weights are written as on an XYZ axis: --weights="-1 - 1 [9]", "-0.9--0.3 (+0.3)", or a
list, --weights=-1,-0.5,0. A scan that was stopped goes on with the same command.

exit status: 0 done, 1 stopped, or pictures failed, 2 the input is bad"""


def add_scan(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "scan",
        help="measure what a LoRA suppresses at negative weight, and where damage begins",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("model", type=Path, help="checkpoint (.safetensors), or a folder")
    parser.add_argument("lora", nargs="+", help="a LoRA file, or a name in --lora-dir")
    add_lora_folders(parser)
    _add_plan(parser.add_argument_group("what is scanned"))
    _add_sampling(parser.add_argument_group("how the pictures are made"))
    _add_model(parser.add_argument_group("the model"))
    _add_outcome(parser.add_argument_group("what comes out"))


def _add_plan(group: argparse._ArgumentGroup) -> None:
    presets = ", ".join(PRESETS)
    group.add_argument(
        "--weights",
        type=_weights,
        default=PRESETS["nine"],
        help=f"a list, or one of {presets} (default: nine)",
    )
    group.add_argument(
        "--prompt",
        action="append",
        default=[],
        help="with the LoRA's subject; repeat for more (default: from its captions)",
    )
    group.add_argument(
        "--unrelated",
        action="append",
        default=[],
        metavar="PROMPT",
        help="without anything of the LoRA; repeat for more (default: plain scenes)",
    )
    group.add_argument("--negative", default="", help="negative prompt of every picture")
    group.add_argument(
        "--seeds",
        type=_seeds,
        default=(1, 2, 3),
        help="each is used with each prompt, as 1-3 or 7,8,9 (default: 1-3)",
    )
    group.add_argument(
        "--part",
        type=LoraPart,
        choices=list(LoraPart),
        default=LoraPart.BOTH,
        metavar="PART",
        help="that takes the weight: both, unet or text_encoder (default: both)",
    )
    group.add_argument(
        "--held", type=float, default=0.0, help="weight of the other part (default: 0)"
    )


def _add_sampling(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--steps", type=int, help="sampling steps (default: the model's)")
    group.add_argument("--cfg", type=float, help="CFG scale (default: the model's)")
    group.add_argument("--distilled-cfg", type=float, help="guidance of Flux dev (default: 3.5)")
    group.add_argument("--size", type=_size, help="as 512x768 (default: the model's own)")
    group.add_argument("--sampler", default="", help="by A1111's name (default: the model's)")
    group.add_argument("--scheduler", default="", help="by A1111's name (default: Automatic)")


def _add_model(group: argparse._ArgumentGroup) -> None:
    add_device(group)
    group.add_argument(
        "--dtype", default="auto", help="float32, float16, bfloat16 (default: what fits the device)"
    )
    group.add_argument(
        "--tokenizer", type=Path, metavar="DIR", help="folder with the tokenizer's files"
    )
    group.add_argument("--vae", type=Path, metavar="FILE", help="VAE instead of the checkpoint's")
    group.add_argument(
        "--text-encoder",
        action="append",
        default=[],
        type=Path,
        metavar="FILE",
        help="text encoder that the checkpoint lacks (Flux); repeat for more",
    )


def _add_outcome(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--output",
        type=Path,
        default=Path("lora-neg-scans"),
        metavar="DIR",
        help="folder of all scans, where a stopped one goes on (default: %(default)s)",
    )
    group.add_argument(
        "--quick",
        action="store_true",
        help="no pictures: ask the denoiser at a few points, at a fraction of the cost",
    )
    group.add_argument(
        "--ask-model",
        action="store_true",
        help="let the model itself judge the pictures, too: smeared, misplaced, lost parts; "
        "a tenth more evaluations, one per picture at least",
    )
    group.add_argument(
        "--save", action="store_true", help="keep the range beside the LoRA: the guard obeys it"
    )
    group.add_argument(
        "--dry-run", action="store_true", help="say what it would cost, and make nothing"
    )
    group.add_argument("--json", action="store_true", help="the outcome as one JSON object a line")


def _weights(text: str) -> tuple[float, ...]:
    preset = PRESETS.get(text.strip().lower())
    if preset is not None:
        return preset
    try:
        return parse_weights(text)
    except WeightListError as problem:
        raise argparse.ArgumentTypeError(str(problem)) from problem


def _seeds(text: str) -> tuple[int, ...]:
    seeds: list[int] = []
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        try:
            low = int(first)
            high = int(last) if dash else low
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is not 1-3 or 7,8,9") from None
        if not low <= high <= low + 1000:
            raise argparse.ArgumentTypeError(f"{part.strip()!r} is no range of seeds")
        seeds += range(low, high + 1)
    return tuple(dict.fromkeys(seeds))


def _size(text: str) -> tuple[int, int]:
    width, times, height = text.lower().partition("x")
    try:
        return int(width), int(height if times else width)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no size; write 512x768") from None
