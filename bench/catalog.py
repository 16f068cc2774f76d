"""What the catalog costs, each time against the thing it is compared with, in one run.

    python bench/catalog.py [--files 2000] [--walk-files 10000]
    WEBUI_URL=http://127.0.0.1:7860 python bench/catalog.py --loras DIR

Three ratios:

* cold: reading and indexing all headers, to one pass of read + ``json.loads`` over them;
* warm: a start from the index and a look-up of every name, to the host's ``refresh-loras``. The
  host does, per file, a ``getmtime``, a look-up in its diskcache and the unpickling of the file's
  metadata (``modules/cache.py``, ``extensions-builtin/Lora/network.py``); that is done here in its
  stead. With ``WEBUI_URL`` a running WebUI is asked, whose LoRA folder ``DIR`` must be
  (``--lora-dir DIR``); ``--make DIR`` writes the files into it first and ends;
* walk: a warm start over many files, to ``os.walk`` + ``os.stat`` over them.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from lib_lora_neg.library import Catalog
from tests.support.blank_loras import write_blank_lora

SHORT_TENSORS = {"lora_unet_mid_block_attentions_0_proj_in.lora_down.weight": (4, 1280)}


def unet_tensors(rank: int) -> dict[str, tuple[int, ...]]:
    """Return the names and shapes of a common SDXL LoRA, cut down to about 80 kB of header."""
    layers = {
        "attn1_to_q": (640, 640),
        "attn1_to_k": (640, 640),
        "attn1_to_v": (640, 640),
        "attn1_to_out_0": (640, 640),
        "attn2_to_q": (640, 640),
        "attn2_to_k": (640, 2048),
        "attn2_to_v": (640, 2048),
        "attn2_to_out_0": (640, 640),
        "ff_net_0_proj": (5120, 640),
        "ff_net_2": (640, 2560),
    }
    tensors: dict[str, tuple[int, ...]] = {}
    for block in ("down_blocks_1", "down_blocks_2", "up_blocks_0", "up_blocks_1"):
        for attention in range(2):
            for depth in range(2):
                for layer, (out, into) in layers.items():
                    stem = (
                        f"lora_unet_{block}_attentions_{attention}"
                        f"_transformer_blocks_{depth}_{layer}"
                    )
                    tensors[f"{stem}.alpha"] = ()
                    tensors[f"{stem}.lora_down.weight"] = (rank, into)
                    tensors[f"{stem}.lora_up.weight"] = (out, rank)
    return tensors


def metadata(number: int) -> dict[str, str]:
    """Return a trainer's metadata with captions as boorus tag: few tags everywhere, most rare."""
    rng = random.Random(number)
    images = rng.randint(20, 800)
    words = ["".join(rng.choices("aeioulnrstdmk", k=rng.randint(3, 9))) for _ in range(400)]
    tags = {f"{rng.choice(words)} {rng.choice(words)}": 0 for _ in range(900)}
    for rank, tag in enumerate(tags, 1):
        tags[tag] = max(1, int(images / rank**0.8))
    folder = f"10_thing{number}"
    return {
        "sshs_model_hash": rng.randbytes(32).hex(),
        "ss_output_name": f"alias{number}",
        "ss_network_module": "networks.lora",
        "ss_base_model_version": "sdxl_base_v1-0",
        "ss_tag_frequency": json.dumps({folder: tags}),
        "ss_dataset_dirs": json.dumps({folder: {"n_repeats": 10, "img_count": images}}),
        **{f"ss_setting_{key}": str(rng.random()) for key in range(60)},
    }


def make_files(folder: Path, count: int) -> int:
    tensors = {rank: unet_tensors(rank) for rank in (8, 16, 32)}
    for number in range(count):
        rank = (8, 16, 32)[number % 3]
        sub = folder / f"folder{number % 20}"
        sub.mkdir(exist_ok=True)
        write_blank_lora(sub / f"lora{number}.safetensors", tensors[rank], metadata(number))
    first = folder / "folder0" / "lora0.safetensors"
    return int.from_bytes(first.read_bytes()[:8], "little")


def read_and_loads(folder: Path) -> int:
    """Do the least that any reader of headers must do."""
    count = 0
    for path, _, names in os.walk(folder):
        for name in names:
            with (Path(path) / name).open("rb") as file:
                json.loads(file.read(int.from_bytes(file.read(8), "little")))
            count += 1
    return count


def walk_and_stat(folder: Path) -> int:
    count = 0
    for path, _, names in os.walk(folder):
        for name in names:
            os.stat(os.path.join(path, name))  # noqa: PTH116, PTH118
            count += 1
    return count


class HostStandIn:
    """What A1111 does on ``refresh-loras``, with its cache warm."""

    def __init__(self, folder: Path, cache: Path) -> None:
        import diskcache

        self._folder, self._cache = folder, diskcache.Cache(str(cache))
        for path in self._paths():
            with path.open("rb") as file:
                header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
            known = header.get("__metadata__", {})
            parsed = {k: json.loads(v) if v[:1] == "{" else v for k, v in known.items()}
            self._cache[f"lora/{path.stem}"] = {"mtime": path.stat().st_mtime, "value": parsed}

    def _paths(self) -> list[Path]:
        found = [Path(path) / name for path, _, names in os.walk(self._folder) for name in names]
        return sorted(found, key=lambda path: str(path).lower())

    def refresh(self) -> None:
        by_alias = {}
        for path in self._paths():
            entry = self._cache[f"lora/{path.stem}"]
            assert entry["mtime"] == path.stat().st_mtime
            by_alias[entry["value"].get("ss_output_name", path.stem)] = path


def seconds(task: Callable[[], object]) -> float:
    start = time.perf_counter()
    task()
    return time.perf_counter() - start


def cold(folder: Path) -> None:
    with tempfile.TemporaryDirectory() as index:
        catalog = Catalog([folder], index)
        catalog.index()
        catalog.close()


def start(folder: Path, index: Path) -> None:
    Catalog([folder], index).close()


def start_and_look_up(folder: Path, index: Path) -> None:
    catalog = Catalog([folder], index)
    for name in catalog.names():
        assert catalog.get(name) is not None
    catalog.close()


def compare(task: Callable[[], object], other: Callable[[], object], rounds: int) -> list[float]:
    """Run both in turn, so that a busy machine slows both; return the times' medians."""
    pairs = [(seconds(other), seconds(task)) for _ in range(rounds)]
    return [statistics.median(times) for times in zip(*pairs, strict=True)]


def beside_host(folder: Path, url: str, rounds: int) -> None:
    """Compare with the refresh of a running WebUI that has the same folder."""

    def refresh() -> None:
        asked = urllib.request.Request(f"{url}/sdapi/v1/refresh-loras", method="POST", data=b"")
        urllib.request.urlopen(asked, timeout=600).read()

    refresh()
    with tempfile.TemporaryDirectory() as index:
        Catalog([folder], index).index()
        base, own = compare(lambda: start_and_look_up(folder, Path(index)), refresh, rounds)
    print(
        f"warm start and look-up of all: {own * 1000:.0f} ms, the WebUI's refresh-loras "
        f"{base * 1000:.0f} ms, ratio {own / base:.3f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--walk-files", type=int, default=10000)
    parser.add_argument("--loras", type=Path, help="the LoRA folder of the WebUI at WEBUI_URL")
    parser.add_argument("--make", type=Path, help="write the files into this folder, and end")
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    url = os.environ.get("WEBUI_URL", "")
    if args.make is not None:
        args.make.mkdir(parents=True, exist_ok=True)
        make_files(args.make, args.files)
        return
    if url and args.loras is not None:
        beside_host(args.loras, url, args.rounds)
        return
    with tempfile.TemporaryDirectory() as name:
        folder, many, index = (Path(name) / part for part in ("loras", "many", "index"))
        folder.mkdir()
        size = make_files(folder, args.files)
        print(f"{args.files} files, headers of {size / 1000:.0f} kB")
        base, own = compare(lambda: cold(folder), lambda: read_and_loads(folder), args.rounds)
        print(f"cold: {own:.2f} s, read + json.loads {base:.2f} s, ratio {own / base:.2f}")
        Catalog([folder], index).index()
        host = HostStandIn(folder, Path(name) / "host")
        base, own = compare(lambda: start_and_look_up(folder, index), host.refresh, args.rounds)
        print(
            f"warm start and look-up of all: {own * 1000:.0f} ms, "
            f"host's refresh {base * 1000:.0f} ms, ratio {own / base:.3f}"
        )
        many.mkdir()
        for number in range(args.walk_files):
            sub = many / f"folder{number % 50}"
            sub.mkdir(exist_ok=True)
            write_blank_lora(sub / f"lora{number}.safetensors", SHORT_TENSORS)
        Catalog([many], index).index()
        base, own = compare(lambda: start(many, index), lambda: walk_and_stat(many), args.rounds)
        print(
            f"warm start over {args.walk_files}: {own * 1000:.0f} ms, os.walk + stat "
            f"{base * 1000:.0f} ms, ratio {own / base:.2f}"
        )


if __name__ == "__main__":
    main()
