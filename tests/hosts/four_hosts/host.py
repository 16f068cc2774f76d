"""The modules of a WebUI, put where the guard and the probe import them from."""

from __future__ import annotations

import importlib.util
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.host.support import lora_files
from tests.host.support.client import DEFAULTS, GUARD_TITLE
from tests.hosts.standins import Params

from . import contracts, processing
from .contracts import Contract

PROBE = Path(__file__).parents[2] / "host" / "probe" / "scripts"


class LoraNetwork:
    """As ``ExtraNetworkLora``: all four have the same."""

    def activate(self, p: Any, params_list: list[Params]) -> None:
        shared = sys.modules["modules.shared"]
        networks = sys.modules["networks"]
        additional = shared.opts.sd_lora
        known = additional != "None" and additional in networks.available_networks
        if known and not any(x for x in params_list if x.items[0] == additional):
            weight = shared.opts.extra_networks_default_multiplier
            p.all_prompts = [f"{text}<lora:{additional}:{weight}>" for text in p.all_prompts]
            params_list.append(Params([additional, weight]))
        names, te_weights, unet_weights = [], [], []
        for params in params_list:
            names.append(params.positional[0])
            te = float(params.positional[1]) if len(params.positional) > 1 else 1.0
            te = float(params.named.get("te", te))
            unet = float(params.positional[2]) if len(params.positional) > 2 else te
            te_weights.append(te)
            unet_weights.append(float(params.named.get("unet", unet)))
        networks.load_networks(names, te_weights, unet_weights)


class OnDisk:
    """As ``NetworkOnDisk``."""

    def __init__(self, file: Path) -> None:
        self.name, self.filename = file.stem, str(file)

    def get_alias(self) -> str:
        return self.name


class Script:
    """As ``modules.scripts.Script``."""

    args_from = args_to = 0
    is_img2img = False

    def title(self) -> str:
        return type(self).__name__


class Runner:
    """The scripts of one tab, with the places of their arguments."""

    def __init__(self, always: list[Any], selectable: list[Any]) -> None:
        self.alwayson_scripts, self.selectable_scripts = always, selectable
        self.inputs: list[Any] = [None] * 40
        place = 1
        for script in (*always, *selectable):
            script.args_from, script.args_to = place, place + 12
            place += 12
        self.size = place

    def arguments(self, scripts: dict[str, Any], name: str | None, own: list[Any]) -> list[Any]:
        """Return all arguments, as the API puts them together."""
        args: list[Any] = [0, *[None] * self.size]
        for script in self.alwayson_scripts:
            given = {title.lower(): part for title, part in scripts.items()}
            values = given.get(script.title().lower(), {}).get("args", [])
            args[script.args_from : script.args_from + len(values)] = values
            # A script is called with as many arguments as it was given here.
            script.args_to = script.args_from + len(values)
        for number, script in enumerate(self.selectable_scripts, 1):
            if name is not None and script.title().lower() == name.lower():
                args[0] = number
                script.args_to = script.args_from + len(own)
                args[script.args_from : script.args_to] = own
        return args


class Host:
    """One WebUI of four, with the guard and the probe loaded in it."""

    def __init__(self, contract: Contract, loras: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.contract = contract
        self.errors: list[str] = []
        self.cache: dict[str, dict[str, Any]] = {key: {} for key in ("c", "uc", "hr_c", "hr_uc")}
        self.styles: dict[str, tuple[str, str]] = {}
        kind = type(contract.engine, (), {"is_sd1": True, "is_sdxl": False})
        self.model = kind()
        self.opts = types.SimpleNamespace(**DEFAULTS, emphasis="Original", return_grid=False)
        self.opts.extra_networks_default_multiplier = 1.0
        self.opts.samples_save = self.opts.grid_save = False
        self.state = types.SimpleNamespace(
            time_start=0.0, job_count=0, interrupted=False, skipped=False
        )
        self.routes: dict[str, Any] = {}
        self._install(loras, monkeypatch)
        self._fill_loras(loras)
        self.registry["lora"] = type(
            "ExtraNetworkLora", (LoraNetwork,), {"activate": _fresh(LoraNetwork.activate)}
        )()
        self._load_scripts()

    def _install(self, loras: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.registry: dict[str, Any] = {}
        host = self

        class Img2Img(processing.Img2Img):
            """Scripts of other extensions make one of these, without knowing the host."""

            def __init__(self, **fields: Any) -> None:
                super().__init__(host, **fields)

        attributes = {"hr_cfg": 1.0} if self.contract.hires_cfg is not None else {}
        txt2img = type("StableDiffusionProcessingTxt2Img", (processing.Txt2Img,), attributes)
        self.txt2img, self.img2img = txt2img, Img2Img
        shared = types.SimpleNamespace(opts=self.opts, state=self.state, sd_model=self.model)
        callbacks = types.SimpleNamespace(on_app_started=lambda function: function(None, self))
        modules: dict[str, Any] = {
            "shared": shared,
            "extra_networks": types.SimpleNamespace(
                extra_network_registry=self.registry,
                ExtraNetworkParams=Params,
                activate=processing.activate,
            ),
            "processing": types.SimpleNamespace(
                StableDiffusionProcessingTxt2Img=txt2img,
                StableDiffusionProcessingImg2Img=Img2Img,
                process_images=processing.process_images,
                fix_seed=lambda p: None,
            ),
            "scripts": types.SimpleNamespace(
                Script=Script, AlwaysVisible=object(), scripts_data=[]
            ),
            "script_callbacks": callbacks,
            "progress": types.SimpleNamespace(current_task=None),
            "paths_internal": types.SimpleNamespace(data_path=str(loras.parent / "data")),
        }
        shared.state.request_restart = lambda: None
        package = types.ModuleType("modules")
        monkeypatch.setitem(sys.modules, "modules", package)
        for name, module in modules.items():
            setattr(package, name, module)
            monkeypatch.setitem(sys.modules, f"modules.{name}", module)
        networks = types.SimpleNamespace(
            load_networks=self.contract.load_networks,
            **{
                name: getattr(contracts, name)
                for name in (
                    "available_networks",
                    "available_network_aliases",
                    "forbidden_network_aliases",
                    "loaded_networks",
                    "list_available_networks",
                )
            },
        )
        monkeypatch.setitem(sys.modules, "networks", networks)

    def _fill_loras(self, loras: Path) -> None:
        for known in (contracts.available_networks, contracts.available_network_aliases):
            known.clear()
        contracts.loaded_networks.clear()
        contracts.networks_in_memory.clear()
        for file in sorted(loras.glob("*.safetensors")):
            on_disk = OnDisk(file)
            contracts.available_networks[file.stem] = on_disk
            contracts.available_network_aliases[file.stem] = on_disk

    def _load_scripts(self) -> None:
        from lib_lora_neg.hosts.webui import script
        from lib_lora_neg.hosts.webui.hooks import Hooks

        guard_script = type(
            "LoraNegativeGuard", (Hooks, Script), {"title": lambda self: GUARD_TITLE}
        )
        probe = _module("lora_neg_probe")
        grid = _module("lora_neg_probe_grid")
        self.probe = probe
        script.start()
        self.runners = {}
        for tab in ("txt2img", "img2img"):
            always = [guard_script(), probe.Probe()]
            for entry in always:
                entry.is_img2img = tab == "img2img"
            self.runners[tab] = Runner(always, [grid.ProbeGrid()])
        script.guard.generations._running.clear()

    def add_api_route(self, path: str, function: Any, methods: list[str]) -> None:
        """Take a route that a script adds; the probe is the only one here."""
        self.routes[path] = function

    def make(self, p: Any) -> Any:
        """Make what a request asks for, through the script of the list where one is chosen."""
        self.state.time_start += 1.0
        runner, chosen = p.scripts, p.script_args[0]
        processing.run(p, "setup")
        if chosen:
            script = runner.selectable_scripts[chosen - 1]
            return script.run(p, *p.script_args[script.args_from : script.args_to])
        return processing.process_images(p)

    def stop(self) -> None:
        from lib_lora_neg.hosts.webui import loader

        loader.uninstall()


def _fresh(function: Any) -> Any:
    """Return a copy of a function, because the guard's wrapper is a mark on it."""
    return types.FunctionType(
        function.__code__, function.__globals__, function.__name__, function.__defaults__
    )


def _module(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, PROBE / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def made_loras(folder: Path) -> Path:
    """Return a folder with the host tests' LoRAs, for a small checkpoint."""
    from tests.support.checkpoints import save_checkpoint, sd1_shapes

    checkpoint = save_checkpoint(folder / "tiny.safetensors", sd1_shapes(200))
    lora_files.make_lora_files(checkpoint, folder / "loras")
    return folder / "loras"


def running(contract: Contract, loras: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    """Yield a host, and undo what the guard did in it."""
    host = Host(contract, loras, monkeypatch)
    yield host
    host.stop()
