"""The arguments of `lora-neg`."""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import NoReturn

from .. import __version__
from ..loras.families.named import UnknownFamilyError, named_family
from ..policy import DEFAULT_RULE_MODES, Mode, NegativeTag
from ..telling import in_one_line
from .common_arguments import add_device, add_embeddings, add_lora_folders
from .scan_arguments import add_scan
from .workflow_arguments import add_workflow

EPILOG = """exit status: 0 nothing was changed, 1 something was, 2 the input is bad"""


def build_parser() -> argparse.ArgumentParser:
    """Return the parser; the options it yields carry the ``command`` and its own arguments."""
    parser: argparse.ArgumentParser = _Parser(
        prog="lora-neg",
        description="Safe negative prompts and negative LoRA weights.",
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", dest="command", required=True)
    _add_check(commands)
    _add_show(commands)
    _add_conflict(commands)
    _add_blocks(commands)
    _add_library(commands)
    add_scan(commands)
    _add_export(commands)
    _add_serve(commands)
    _add_samples(commands)
    return parser


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, not below a screen of usage."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {in_one_line(message)}\n{self.prog} --help tells more\n")


def _add_check(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "check",
        help="what the guard would make of prompts, and why",
        description="Print what the guard would make of one or many prompts, and why.",
        epilog=EPILOG,
    )
    _add_request(parser.add_argument_group("the generation"))
    _add_policy(parser.add_argument_group("the rules"))
    parser.add_argument("--json", action="store_true", help="one JSON object a line")


def _add_show(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "show",
        help="what a LoRA file tells, and from what evidence",
        description="Print what a LoRA file and its side files tell, and from what evidence.",
    )
    parser.add_argument("file", type=Path, nargs="+", help="a .safetensors file")
    parser.add_argument(
        "--weights",
        action="store_true",
        help="also measure the matrices: effective rank and energy by block (takes seconds)",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object a line")


def _add_conflict(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "conflict",
        help="whether two LoRAs pull the same layers in opposite directions",
        description="Compare what two LoRA files change, layer by layer: how far it is the same "
        "weights, and whether it goes the same way (takes seconds).",
    )
    parser.add_argument("file", type=Path, nargs=2, help="a .safetensors file")
    parser.add_argument(
        "--at",
        type=float,
        nargs=2,
        default=(1.0, 1.0),
        metavar="WEIGHT",
        help="weights of the two in the prompt; a negative one turns its direction round",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object")


def _add_blocks(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "blocks",
        help="the blocks of the model that a LoRA is kept to",
        description="Show, or save with a LoRA file, which blocks of the model it acts in. The "
        "guard writes a saved mask into the LoRA's tags.",
        epilog="names: IN0 to IN11, MID, OUT0 to OUT11 (SDXL: to 8), D0 to D18 and S0 to S37 on "
        "Flux; -FACE and -NEGATE for several. exit status: 0 done, 2 the input is bad",
    )
    parser.add_argument("file", type=Path, nargs="+", help="a .safetensors file")
    group = parser.add_mutually_exclusive_group()
    group.add_argument(
        "--set", metavar="MASK", help="save a mask, as --set=-S7-S20 (all but) or --set=+IN+MID"
    )
    group.add_argument("--clear", action="store_true", help="let it act in all blocks again")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")


def _add_library(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "library",
        help="the LoRAs of a folder with their types and ranges",
        description="List the LoRAs of folders with their types, ranges and trigger words.",
    )
    parser.add_argument("folder", type=Path, nargs="+", help="searched with its sub-folders")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")


def _add_export(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "export",
        help="prompts as another program takes them",
        description="Write a generation as a workflow of ComfyUI, a negative prompt as "
        "Midjourney's --no, or a Midjourney prompt as prompt and negative prompt, and say what "
        "was changed and left out.",
        epilog="exit status: 0 translated, 2 the input is bad",
    )
    parser.add_argument(
        "--to",
        choices=("comfyui", "midjourney", "webui"),
        required=True,
        help="comfyui, midjourney: from the WebUI; webui: back from a Midjourney prompt",
    )
    group = parser.add_argument_group("the prompts")
    group.add_argument("--prompt", help="prompt; with --to webui the whole Midjourney prompt")
    group.add_argument("--negative", help="negative prompt")
    group.add_argument(
        "--lora",
        action="append",
        default=[],
        metavar="NAME",
        help="ban the core of what this LoRA learnt (tags on 90 %% of its captions); "
        "repeat for more",
    )
    add_lora_folders(group)
    add_embeddings(group, "textual-inversion embeddings that the negative prompt may name")
    group.add_argument(
        "--file",
        type=Path,
        help="as for check; with --to webui one Midjourney prompt a line; - is standard input",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    add_workflow(parser.add_argument_group("the workflow (--to comfyui)"), _finite, _family)
    _add_policy(parser.add_argument_group("the rules (--to comfyui, with --lora-dir)"))


def _add_serve(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "serve",
        help="a page in the browser that makes guarded pictures, without a WebUI",
        description="Open a page that makes guarded pictures, without a WebUI. In a clone of the "
        "project it uses the small model that comes with it.",
    )
    parser.add_argument(
        "--model",
        type=Path,
        metavar="FILE|DIR",
        help="checkpoint (.safetensors), or a folder in the diffusers layout",
    )
    add_lora_folders(parser)
    parser.add_argument(
        "--output",
        type=Path,
        default=Path("outputs"),
        metavar="DIR",
        help="where pictures go, and what the page remembers (default: %(default)s)",
    )
    add_device(parser)
    web = parser.add_argument_group("the page")
    web.add_argument(
        "--port", type=_port, help="to listen on (default: the first free one from 7860)"
    )
    web.add_argument(
        "--listen", action="store_true", help="let other machines in, not this one alone"
    )
    web.add_argument(
        "--auth", metavar="USER:PASSWORD", help="ask for a password; separate several by commas"
    )
    web.add_argument(
        "--allowed-host",
        action="append",
        default=[],
        metavar="NAME",
        help="a name of this server beside its own, as behind a reverse proxy; repeat for more",
    )
    web.add_argument("--no-browser", action="store_true", help="do not open the browser")
    _add_policy(parser.add_argument_group("the rules"))


def _add_samples(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "samples",
        help="write small LoRA files of every type, and check prompts against them",
        description="Write a folder of small LoRA files of every type, and show what the guard "
        "makes of prompts with them. Needs no model.",
    )
    parser.add_argument(
        "--folder",
        type=Path,
        default=Path("lora-neg-samples"),
        help="where the LoRA files are written (default: %(default)s)",
    )


def _add_request(group: argparse._ArgumentGroup) -> None:
    add_lora_folders(group, required=True)
    group.add_argument("--prompt", help="prompt with its <lora:…> tags")
    group.add_argument("--negative", help="negative prompt")
    group.add_argument("--cfg", type=_finite, default=7.0, help="CFG scale (default: 7)")
    group.add_argument(
        "--family",
        type=_family,
        help="of the checkpoint: sd1, sd2, sdxl, sd3, flux, flux2 … or a base model's "
        "name (default: the LoRAs' own)",
    )
    group.add_argument("--distilled", action="store_true", help="guidance is distilled (Flux)")
    group.add_argument("--hr-prompt", help="prompt of the hires pass")
    group.add_argument("--hr-negative", help="negative prompt of the hires pass")
    group.add_argument("--hr-cfg", type=_finite, help="CFG scale of the hires pass")
    add_embeddings(group, "loaded textual-inversion embeddings; they are never removed")
    group.add_argument(
        "--host",
        choices=("a1111", "forge"),
        default="a1111",
        help="where one unknown LoRA drops them all: forge (default: a1111)",
    )
    group.add_argument(
        "--file",
        type=Path,
        help="a PNG, JPEG, WebP or AVIF picture of a WebUI, ComfyUI or another tool, infotexts, "
        "JSON, JSON lines (.jsonl), or one prompt a line; - is standard input; the options above "
        "are the defaults",
    )


def _add_policy(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--mode", type=_mode, default=Mode.ENFORCE.value, help="Enforce, Advise or Off"
    )
    group.add_argument(
        "--rule",
        type=_rule,
        action="append",
        default=[],
        metavar="RULE=MODE",
        help="mode of one rule, as R5=enforce; repeat for more",
    )
    group.add_argument(
        "--negative-tag",
        choices=[choice.value for choice in NegativeTag],
        default=NegativeTag.MOVE.value,
        help="what becomes of <lora:…> in the negative prompt: move, remove or leave",
    )
    group.add_argument(
        "--cfg-ceiling", type=_finite, default=6.0, help="of R3, 4 to 6 (default: 6)"
    )


def _family(text: str) -> str:
    try:
        named_family(text)
    except UnknownFamilyError as problem:
        raise argparse.ArgumentTypeError(str(problem)) from problem
    return text


def _port(text: str) -> int:
    port = int(text)
    if not 0 < port < 65536:
        raise ValueError(text)
    return port


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number


def _mode(text: str) -> Mode:
    try:
        return Mode.parse(text)
    except ValueError as problem:
        raise argparse.ArgumentTypeError(str(problem)) from problem


def _rule(text: str) -> tuple[str, Mode]:
    rule, equals, mode = text.partition("=")
    names = {name.lower(): name for name in DEFAULT_RULE_MODES}
    if not equals or rule.lower() not in names:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not RULE=MODE with a rule of {', '.join(DEFAULT_RULE_MODES)}"
        )
    return names[rule.lower()], _mode(mode)
