"""Scans in the WebUI, on stand-ins: turns in the queue, pictures, what is left behind."""

from __future__ import annotations

import sys
import threading
import time
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import pytest
from PIL import Image

from lib_lora_neg.hosts.webui import infotext, scan_queue
from lib_lora_neg.hosts.webui.scan_pictures import ScanPictureError, WebuiGenerator
from lib_lora_neg.hosts.webui.scan_queue import in_generation_thread, turn
from lib_lora_neg.scan.ports import Batch, LoraSetting, Sampling, Shot
from lib_lora_neg.scan.workplace import TurnCancelledError
from tests.hosts.standins import Host, Params, install
from tests.support.cards import card

SECONDS = 5.0


class State:
    """As the host's, with what was called."""

    def __init__(self) -> None:
        self.job = ""
        self.skipped = self.interrupted = self.stopping_generation = False
        self.textinfo: str | None = None
        self.time_start = 0.0
        self.jobs: list[str] = []

    def begin(self, job: str) -> None:
        self.skipped = self.interrupted = self.stopping_generation = False
        self.job, self.time_start = job, self.time_start + 1
        self.jobs.append(job)

    def end(self) -> None:
        self.job = ""

    def interrupt(self) -> None:
        self.interrupted = True


@dataclass
class Network:
    """A loaded LoRA, as the host's."""

    name: str
    unet_multiplier: float


class Tensor:
    """As much of a tensor as the latents need."""

    def __init__(self, values: np.ndarray) -> None:
        self.values = values

    def __iter__(self) -> Iterator[Tensor]:
        return (Tensor(value) for value in self.values)

    def detach(self) -> Tensor:
        return self

    float = cpu = detach

    def numpy(self) -> np.ndarray:
        return self.values


class Txt2Img:
    """As the host's processing object; the class-level caches are the user's."""

    cached_c: ClassVar[list[Any]] = ["the user's", "cond"]
    cached_uc: ClassVar[list[Any]] = ["the user's", "uncond"]
    made: list[Txt2Img]
    webui: Webui

    def __init__(self, **fields: Any) -> None:
        self.__dict__.update(fields)
        self.fields = fields
        self.made.append(self)
        self.closed = False
        self.scripts: Any = None

    def close(self) -> None:
        self.closed = True

    def sample(self) -> Tensor:
        count = len(self.fields["prompt"])
        return Tensor(np.arange(count * 4, dtype=np.float32).reshape(count, 1, 2, 2))


@dataclass
class Webui:
    """What the generator meets in the host."""

    host: Host
    state: State
    opts: Any
    cmd_opts: Any
    made: list[Txt2Img] = field(default_factory=list)
    seen: list[dict[str, Any]] = field(default_factory=list)
    during: Callable[[], None] = lambda: None
    loads: bool = True

    def process(self, p: Txt2Img) -> Any:
        """As the host's process_images, of one batch."""
        loras = _loras(p.fields["prompt"][0])
        if self.loads:
            self.host.networks.loaded_networks[:] = [Network(*lora) for lora in loras]
        p.cached_c[0] = "the scan's"
        self.seen.append(
            {
                "sd_lora": self.opts.data["sd_lora"],
                "no_prompt_history": self.cmd_opts.no_prompt_history,
                "loaded": list(self.host.networks.loaded_networks),
                "job": self.state.job,
            }
        )
        p.sample()
        self.during()
        images = [
            Image.new("RGB", (p.fields["width"], p.fields["height"]), (seed, 0, 0))
            for seed in p.fields["seed"]
        ]
        # As the host: only where there is a runner do the tags come back for the infotext.
        prompts = p.fields["prompt"] if p.scripts is not None else ["stripped of tags"] * 9
        texts = [f"{text}\nSeed: {s}" for text, s in zip(prompts, p.fields["seed"])]  # noqa: B905
        return types.SimpleNamespace(images=images, infotexts=texts, index_of_first_image=0)


def _loras(prompt: str) -> list[tuple[str, float]]:
    from lib_lora_neg.prompts import parse

    return [(tag.name, tag.unet.value or 0.0) for tag in parse(prompt).tags]


@pytest.fixture
def webui(monkeypatch: pytest.MonkeyPatch) -> Webui:
    host = install(monkeypatch)
    host.networks.loaded_networks = [Network("of the user", 0.8)]
    import modules

    state = State()
    shared = modules.shared
    shared.state = state
    shared.opts.data = {"sd_lora": "style_b"}
    for name in ("samples", "txt2img_samples", "grids", "txt2img_grids"):
        setattr(shared.opts, f"outdir_{name}", "")
    shared.cmd_opts = types.SimpleNamespace(no_prompt_history=False)
    shared.total_tqdm = types.SimpleNamespace(clear=lambda: None)
    webui = Webui(host, state, shared.opts, shared.cmd_opts)
    wanted = type("Txt2Img", (Txt2Img,), {"made": webui.made, "webui": webui})
    modules.processing = types.SimpleNamespace(
        StableDiffusionProcessingTxt2Img=wanted, process_images=webui.process
    )
    modules.sd_samplers = types.SimpleNamespace(samplers=[types.SimpleNamespace(name="Euler a")])
    modules.sd_models = types.SimpleNamespace(model_data=types.SimpleNamespace(sd_model=None))
    modules.call_queue = types.SimpleNamespace(queue_lock=threading.Lock())
    modules.scripts = types.SimpleNamespace(
        ScriptRunner=lambda: types.SimpleNamespace(alwayson_scripts=[])
    )
    for name in ("processing", "sd_samplers", "sd_models", "call_queue", "scripts"):
        monkeypatch.setitem(sys.modules, f"modules.{name}", getattr(modules, name))
    return webui


SHOTS = (Shot("a cat", "blurry", 1), Shot("a dog", "blurry", 2))
SMALL = Sampling(cfg=7.0, steps=2, width=16, height=16)


def make(
    generator: WebuiGenerator,
    loras: tuple[LoraSetting, ...] = (),
    shots: tuple[Shot, ...] = SHOTS,
    cancel: Any = None,
) -> list[Any]:
    cancel = cancel or threading.Event()
    with turn(cancel):
        return list(generator.generate(Batch(loras, shots, SMALL), cancel))


STYLE = LoraSetting("style", -0.9, -0.9)


def test_pictures_are_what_was_asked_for(webui: Webui) -> None:
    pictures = make(WebuiGenerator(), (STYLE, LoraSetting("fine", 0.5, -0.25)))
    (p,) = webui.made
    tags = "<lora:style:-0.9><lora:fine:0.5:-0.25>"
    assert p.fields["prompt"] == [f"a cat{tags}", f"a dog{tags}"]
    assert p.fields["negative_prompt"] == ["blurry", "blurry"]
    assert (p.fields["seed"], p.fields["batch_size"]) == ([1, 2], 2)
    assert (p.fields["sampler_name"], p.fields["scheduler"]) == ("Euler a", "Automatic")
    assert (p.fields["steps"], p.fields["cfg_scale"]) == (2, 7.0)
    assert p.scripts.alwayson_scripts == []
    assert (p.fields["do_not_save_samples"], p.fields["do_not_save_grid"]) == (True, True)
    assert p.fields["extra_generation_params"] == {infotext.MODE_KEY: "Off"}
    assert p.closed
    assert [picture.pixels.shape for picture in pictures] == [(16, 16, 3)] * 2
    assert [int(picture.pixels[0, 0, 0]) for picture in pictures] == [1, 2]
    assert [picture.latent.tolist()[0][0][0] for picture in pictures] == [0, 4]
    assert pictures[1].infotext == f"a dog{tags}\nSeed: 2"


def test_weight_0_has_no_tags(webui: Webui) -> None:
    make(WebuiGenerator())
    assert webui.made[0].fields["prompt"] == ["a cat", "a dog"]
    assert webui.seen[0]["loaded"] == []


def test_the_users_lora_settings_and_caches_are_as_before(webui: Webui) -> None:
    before = list(webui.host.networks.loaded_networks)
    generator = WebuiGenerator()
    make(generator, (STYLE,))
    (seen,) = webui.seen
    assert (seen["sd_lora"], seen["no_prompt_history"]) == ("None", True)
    assert webui.opts.data == {"sd_lora": "style_b"}
    assert webui.cmd_opts.no_prompt_history is False
    assert webui.host.networks.loaded_networks == before
    assert Txt2Img.cached_c == ["the user's", "cond"]
    own = webui.made[0].cached_c
    make(generator, (STYLE,))
    assert webui.made[1].cached_c is own


def test_the_scans_lora_is_not_read_again_for_the_next_batch(webui: Webui) -> None:
    generator = WebuiGenerator()
    make(generator, (STYLE,))
    first = webui.seen[0]["loaded"][0]
    webui.loads = False
    make(generator, (STYLE,))
    assert webui.seen[1]["loaded"][0] is first


def test_everything_is_put_back_after_an_error_too(webui: Webui) -> None:
    def broken() -> None:
        raise RuntimeError("out of memory")

    webui.during = broken
    before = list(webui.host.networks.loaded_networks)
    with pytest.raises(RuntimeError, match="out of memory"):
        make(WebuiGenerator(), (STYLE,))
    assert webui.host.networks.loaded_networks == before
    assert webui.opts.data == {"sd_lora": "style_b"}
    assert not webui.state.job
    assert make_after(webui)


def make_after(webui: Webui) -> bool:
    """Whether the queue is free again."""
    webui.during = lambda: None
    return len(make(WebuiGenerator())) == 2


def test_what_the_user_sets_meanwhile_stays(webui: Webui) -> None:
    def choose() -> None:
        webui.opts.data["sd_lora"] = "style_c"

    webui.during = choose
    make(WebuiGenerator())
    assert webui.opts.data["sd_lora"] == "style_c"


def test_a_lora_that_was_not_loaded_is_said(webui: Webui) -> None:
    webui.loads = False
    with pytest.raises(ScanPictureError, match="did not load style"):
        make(WebuiGenerator(), (STYLE,))


@pytest.mark.parametrize("name", ["a:b", "a>b", "a=b"])
def test_a_name_that_no_tag_can_hold_is_said(webui: Webui, name: str) -> None:
    with pytest.raises(ScanPictureError, match="rename the file"):
        make(WebuiGenerator(), (LoraSetting(name, 1, 1),))
    assert not webui.seen


def test_prompts_with_other_tags_do_not_share_a_batch(webui: Webui) -> None:
    shots = (
        Shot("a cat", "", 1),
        Shot("a dog", "", 2),
        Shot("a cow <lora:lcm:1>", "", 3),
        Shot("a hen <lora:lcm:1>", "", 4),
    )
    pictures = make(WebuiGenerator(), (STYLE,), shots)
    assert [p.fields["seed"] for p in webui.made] == [[1, 2], [3, 4]]
    assert len(pictures) == 4


@pytest.mark.parametrize("button", ["interrupted", "skipped"])
def test_a_picture_that_was_broken_off_is_not_handed_out(webui: Webui, button: str) -> None:
    webui.during = lambda: setattr(webui.state, button, True)
    cancel = threading.Event()
    assert make(WebuiGenerator(), (STYLE,), cancel=cancel) == []
    assert cancel.is_set()
    assert (webui.state.interrupted, webui.state.skipped) == (False, False)


def test_stop_after_this_picture_keeps_it(webui: Webui) -> None:
    webui.during = lambda: setattr(webui.state, "stopping_generation", True)
    cancel = threading.Event()
    assert len(make(WebuiGenerator(), (STYLE,), cancel=cancel)) == 2
    assert cancel.is_set()


def test_cancelling_breaks_the_sampling_off(webui: Webui) -> None:
    cancel = threading.Event()

    def stopped_meanwhile() -> None:
        cancel.set()
        until = time.monotonic() + SECONDS
        while not webui.state.interrupted and time.monotonic() < until:
            time.sleep(0.01)
        assert webui.state.interrupted

    webui.during = stopped_meanwhile
    assert make(WebuiGenerator(), (STYLE,), cancel=cancel) == []


def test_nothing_is_begun_once_cancelled(webui: Webui) -> None:
    cancel = threading.Event()
    generator = WebuiGenerator()
    with turn(cancel):
        cancel.set()
        assert list(generator.generate(Batch((), SHOTS, SMALL), cancel)) == []
    assert not webui.made


def test_the_guard_lets_the_scans_tags_pass(webui: Webui) -> None:
    """The loader guards jobs without scripts when they run inside a guarded generation."""
    from lib_lora_neg.hosts.webui.guard import Guard
    from lib_lora_neg.hosts.webui.loader import guard_params
    from tests.hosts.standins import Processing

    guard = Guard()
    guard.cards = types.SimpleNamespace(get=lambda name: card(name, "style"))
    aborted = Processing()
    guard.before_process(aborted, True, "Enforce", "txt2img")
    late = [Params(["style", "-0.9"])]
    guard_params(guard, Processing(scripts=None, all_prompts=["x"]), late)
    assert late[0].items == ["style", "-0.5"]
    params = [Params(["style", "-0.9"])]
    with turn(threading.Event()):
        guard_params(guard, Processing(scripts=None, all_prompts=["x"]), params)
    assert params[0].items == ["style", "-0.9"]


@dataclass
class Job:
    """As the scan tab's: it can be stopped, and says how far it is."""

    done: int = 4
    total: int = 27
    stopped: bool = False

    def view(self) -> Job:
        return self

    def is_set(self) -> bool:
        return self.stopped

    def stop(self) -> None:
        self.stopped = True


def test_the_host_shows_how_far_the_scan_is(webui: Webui) -> None:
    with turn(Job()):
        assert webui.state.job == webui.state.textinfo == "LoRA scan 5/27"
    with turn(threading.Event()):
        assert webui.state.job == "LoRA scan"
    assert not webui.state.job
    assert webui.state.textinfo is None


def test_the_hosts_interrupt_stops_the_job(webui: Webui) -> None:
    job = Job()
    with turn(job):
        webui.state.interrupt()
    assert job.stopped


@contextmanager
def queue_taken(webui: Webui) -> Iterator[None]:
    import modules

    with modules.call_queue.queue_lock:
        yield


def test_a_turn_waits_for_the_generation_in_progress(webui: Webui) -> None:
    order: list[str] = []

    def scan() -> None:
        with turn(threading.Event()):
            order.append("scan")

    thread = threading.Thread(target=scan)
    with queue_taken(webui):
        thread.start()
        time.sleep(0.2)
        assert not webui.state.job
        order.append("generation")
    thread.join(SECONDS)
    assert order == ["generation", "scan"]


def test_stopping_while_waiting_gives_the_place_back(webui: Webui) -> None:
    cancel, failures = threading.Event(), []

    def scan() -> None:
        try:
            with turn(cancel):
                failures.append("ran")
        except TurnCancelledError:
            failures.append("cancelled")

    thread = threading.Thread(target=scan)
    with queue_taken(webui):
        thread.start()
        time.sleep(0.1)
        cancel.set()
        thread.join(SECONDS)
        assert failures == ["cancelled"]
    until = time.monotonic() + SECONDS
    import modules

    while modules.call_queue.queue_lock.locked() and time.monotonic() < until:
        time.sleep(0.01)
    with turn(threading.Event()):
        assert webui.state.jobs == ["LoRA scan"]


def test_a_turn_that_was_cancelled_before_it_began(webui: Webui) -> None:
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(TurnCancelledError), turn(cancel):
        raise AssertionError("ran")
    import modules

    assert not modules.call_queue.queue_lock.locked()


def test_pictures_are_made_in_forges_own_thread(
    webui: Webui, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[str] = []

    def run_and_wait_result(work: Callable[[], Any]) -> Any:
        result: list[Any] = []

        def run() -> None:
            try:
                result.append(work())
            except Exception:  # that is what Forge's does
                return

        thread = threading.Thread(target=run, name="forge")
        thread.start()
        thread.join()
        return result[0] if result else None

    main = types.SimpleNamespace(run_and_wait_result=run_and_wait_result)
    monkeypatch.setitem(sys.modules, "modules_forge", types.ModuleType("modules_forge"))
    monkeypatch.setitem(sys.modules, "modules_forge.main_thread", main)
    webui.during = lambda: threads.append(threading.current_thread().name)
    assert len(make(WebuiGenerator())) == 2
    assert threads == ["forge"]

    def broken() -> None:
        raise RuntimeError("broken on purpose")

    with pytest.raises(RuntimeError, match="on purpose"):
        in_generation_thread(broken)


def test_others_get_in_between_two_turns(webui: Webui) -> None:
    """The host's lock is first come, first served only for those that wait."""
    order: list[str] = []

    def generation() -> None:
        with queue_taken(webui):
            order.append("generation")

    thread = threading.Thread(target=generation)
    with turn(threading.Event()):
        order.append("scan")
        thread.start()
        time.sleep(0.1)
    with turn(threading.Event()):
        order.append("scan")
    thread.join(SECONDS)
    assert order == ["scan", "generation", "scan"]
    assert scan_queue.LET_IN_SECONDS < 0.05


@pytest.mark.parametrize("has_dyn_dims", [True, False])
def test_the_denoisers_loras_are_loaded_past_the_prompt(webui: Webui, has_dyn_dims: bool) -> None:
    """A1111 cannot use its own default of the fourth argument, and Neo has none."""
    from lib_lora_neg.hosts.webui.scan_denoiser import _load

    calls: list[dict[str, Any]] = []

    def load(names: list[str], **more: Any) -> None:
        calls.append({"names": names, **more})
        webui.host.networks.loaded_networks[:] = [Network(name, 1) for name in names if webui.loads]

    def with_dyn_dims(
        names: list[str], te_multipliers: Any = None, unet_multipliers: Any = None,
        dyn_dims: Any = None,
    ) -> None:  # fmt: skip
        load(names, te=te_multipliers, unet=unet_multipliers, dyn=dyn_dims)

    def without(names: list[str], te_multipliers: Any = None, unet_multipliers: Any = None) -> None:
        load(names, te=te_multipliers, unet=unet_multipliers)

    webui.host.networks.load_networks = with_dyn_dims if has_dyn_dims else without
    _load((LoraSetting("style", 0.5, -0.9),))
    more = {"dyn": [None]} if has_dyn_dims else {}
    assert calls == [{"names": ["style"], "te": [0.5], "unet": [-0.9], **more}]
    webui.loads = False
    with pytest.raises(ScanPictureError, match="did not load style"):
        _load((STYLE,))


def test_noise_levels_go_through_the_models_schedule() -> None:
    from lib_lora_neg.hosts.webui.scan_denoiser import _sigma

    sigmas = [0.03, 1.0, 4.0, 14.6]
    assert [_sigma(sigmas, level) for level in (0, 0.3, 0.5, 1, 2, -1)] == [
        0.03,
        1.0,
        4.0,
        14.6,
        14.6,
        0.03,
    ]
