"""Whether a host's loader survives a name that it does not know, tried without running it for real.

The loaders here are of the hosts' shapes: what each does with a LoRA that it cannot find.
"""

from __future__ import annotations

import functools
import os
import sys
import types
from collections.abc import Callable
from typing import Any

import pytest

from lib_lora_neg.hosts.webui import capabilities
from lib_lora_neg.hosts.webui.dry_run import reads_weight, survives_unknown_name
from tests.hosts.standins import install

available: dict[str, Any] = {"known": types.SimpleNamespace(filename="known.safetensors")}
loaded: list[Any] = ["as it was"]
said: list[str] = []
model = types.SimpleNamespace(current_lora_hash="as it was")
logger = types.SimpleNamespace(error=said.append)


def load_network(name: str, on_disk: Any) -> Any:
    return types.SimpleNamespace(name=name, size=os.path.getsize(on_disk.filename))  # noqa: PTH202


def raises_in_its_own_except(names: Any, te: Any = None, unet: Any = None, dyn: Any = None) -> None:
    """As Forge and reForge: the error message needs what was not found."""
    loaded.clear()
    on_disk = [available.get(name) for name in names]
    for found, name in zip(on_disk, names, strict=True):
        try:
            net = load_network(name, found)
        except Exception:
            said.append(f"loading network {found.filename}")
            continue
        loaded.append(net)
    model.current_lora_hash = str([[f.filename, u, t] for f, u, t in zip(on_disk, unet, te)])  # noqa: B905


def raises_while_it_counts(names: Any, te: Any = None, unet: Any = None) -> None:
    loaded.clear()
    on_disk = [available.get(name) for name in names]
    model.current_lora_hash = str([found.filename for found in on_disk])


def catches_and_goes_on(names: Any, te: Any = None, unet: Any = None) -> None:
    """As Neo: three arguments, logged, the others are loaded."""
    loaded.clear()
    on_disk = [available.get(name) for name in names]
    for found, name in zip(on_disk, names, strict=True):
        try:
            net = load_network(name, found)
            found.read_hash()
            loaded.append(net)
        except Exception:
            logger.error(name)
            continue
    targets = []
    for found, u, t in zip(on_disk, unet, te, strict=True):
        if found is None:
            continue
        targets.append([found.filename, u, t])
    model.current_lora_hash = str(targets)


def asks_first(names: Any, te: Any = None, unet: Any = None, dyn: Any = None) -> None:
    """As A1111: collects what was not found and says it."""
    loaded.clear()
    failed = []
    for place, name in enumerate(names):
        net = None
        found = available.get(name)
        if found is not None:
            net = load_network(name, found)
        if net is None:
            failed.append(name)
            continue
        net.te_multiplier = te[place] if te else 1.0
        loaded.append(net)
    if failed:
        print(f"not found: {', '.join(failed)}")
        said.append("not found")


SHAPES = [
    (raises_in_its_own_except, False),
    (raises_while_it_counts, False),
    (catches_and_goes_on, True),
    (asks_first, True),
]


@pytest.mark.parametrize(("load", "survives"), SHAPES, ids=lambda v: getattr(v, "__name__", ""))
def test_each_hosts_way_is_recognised_and_nothing_happens(
    load: Callable[..., None], survives: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    assert survives_unknown_name(load) is survives
    assert (loaded, said, model.current_lora_hash) == (["as it was"], [], "as it was")
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(("load", "survives"), SHAPES, ids=lambda v: getattr(v, "__name__", ""))
def test_the_health_line_and_the_rules_hear_of_it(
    load: Callable[..., None], survives: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(monkeypatch).networks.load_networks = load

    assert capabilities.unknown_lora_drops_all() is not survives


def test_a_wrapper_is_looked_through() -> None:
    @functools.wraps(raises_in_its_own_except)
    def wrapped(*args: Any) -> Any:
        return raises_in_its_own_except(*args)

    assert survives_unknown_name(wrapped) is False


def waits(names: Any, te: Any, unet: Any) -> None:
    while available:
        said.append(names)


def imports(names: Any, te: Any, unet: Any) -> None:
    import shutil

    shutil.rmtree(names[0])


def held() -> Callable[..., None]:
    inner = raises_in_its_own_except

    def load(*args: Any) -> None:
        inner(*args)

    return load


@pytest.mark.parametrize("load", [waits, imports, held(), None, print])
def test_what_cannot_be_tried_is_not_tried(load: Any) -> None:
    assert survives_unknown_name(load) is None


def test_a_host_without_its_lora_extension_drops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch)
    monkeypatch.setitem(sys.modules, "networks", None)

    assert capabilities.unknown_lora_drops_all() is False


networks = types.SimpleNamespace(load_networks=said.append)
opts = types.SimpleNamespace(sd_lora="None")


def takes_numbers(self: Any, p: Any, params_list: Any) -> None:
    """As all four hosts."""
    names, weights = [], []
    if opts.sd_lora != "None" and not any(x for x in params_list if x.items[0] == opts.sd_lora):
        p.all_prompts = [f"{text}<lora:{opts.sd_lora}:1>" for text in p.all_prompts]
    for params in params_list:
        names.append(params.positional[0])
        weight = float(params.positional[1]) if len(params.positional) > 1 else 1.0
        weights.append(float(params.named.get("te", weight)))
    networks.load_networks((names, weights))


def takes_schedules(self: Any, p: Any, params_list: Any) -> None:
    weights = []
    for params in params_list:
        steps = params.positional[1].strip("[]").split(",")
        weights.extend([[float(number) for number in step.split("@")] for step in steps])
    networks.load_networks(weights)


def takes_nothing(self: Any, p: Any, params_list: Any) -> None:
    raise RuntimeError("not like any of them")


class Derived(functools.partial):
    """A class whose method asks its base class, as loractl's: it closes over its class."""

    def activate(self, p: Any, params_list: Any) -> Any:
        return super().__call__(p, params_list)


@pytest.mark.parametrize(
    ("activate", "reads"),
    [
        (takes_numbers, False),
        (takes_schedules, True),
        (takes_nothing, None),
        (Derived.activate, None),
        (waits, None),
        (None, None),
    ],
)
def test_whether_the_loader_reads_weight_schedules(activate: Any, reads: bool | None) -> None:
    assert reads_weight(activate, "[1@0,0@1]") is reads
    assert reads_weight(activate, "0.5") in (True, None)
    assert said == []


@pytest.mark.parametrize("script", ["LoRAControl", "LoraCtlScript"])
def test_a_script_that_takes_schedules_out_of_the_prompt(
    script: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = install(monkeypatch)
    type(host.loader).activate = takes_numbers
    scripts = types.SimpleNamespace(scripts_data=[])
    monkeypatch.setattr(sys.modules["modules"], "scripts", scripts, raising=False)
    assert capabilities.reads_weight_schedules() is False
    assert capabilities.reads_weight_words() is False

    scripts.scripts_data.append(types.SimpleNamespace(script_class=type(script, (), {})))

    assert capabilities.reads_weight_schedules() is True
