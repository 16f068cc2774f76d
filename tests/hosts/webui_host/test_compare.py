"""Compare: the same pictures without the guard, with a stand-in for the host."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from lib_lora_neg.hosts.webui import compare


class Runner:
    """A host that makes a picture by naming it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked: list[Any] = []
        self.state = SimpleNamespace(interrupted=False, skipped=False, job_count=1)
        modules = ModuleType("modules")
        modules.processing = SimpleNamespace(process_images=self.process)  # type: ignore[attr-defined]
        modules.shared = SimpleNamespace(state=self.state)  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "modules", modules)
        monkeypatch.setattr(compare, "sheet", lambda pairs: f"sheet of {len(pairs)}")

    def process(self, p: Any) -> Any:
        self.asked.append(p)
        return done(["grid", "typed"], ["grid text", "typed text"], first=1)


def done(images: list[str], texts: list[str], first: int = 0) -> Any:
    return SimpleNamespace(images=images, infotexts=texts, index_of_first_image=first)


def job(**more: Any) -> Any:
    keys = {"seed": -1, "subseed": -1, "all_seeds": [7], "all_subseeds": [8], "n_iter": 1}
    return SimpleNamespace(
        **keys, extra_generation_params={"Key": "value"}, script_args=(0, True), **more
    )


NOBODY = SimpleNamespace(outer=lambda: None)


def test_the_sheet_comes_first_and_the_unguarded_pictures_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    runner, p = Runner(monkeypatch), job()
    assert compare.prepare(p, True, NOBODY) is False
    processed = done(["guarded"], ["guarded text"])
    compare.finish(p, processed, changed=True)
    assert processed.images == ["sheet of 1", "guarded", "typed"]
    assert processed.infotexts == ["guarded text", "guarded text", "typed text"]
    assert processed.index_of_first_image == 1
    (twin,) = runner.asked
    assert (twin.seed, twin.subseed) == ([7], [8])
    assert compare.prepare(twin, True, NOBODY) is True
    assert twin.extra_generation_params is not p.extra_generation_params


@pytest.mark.parametrize(
    ("wanted", "changed", "arguments", "outer", "interrupted"),
    [
        (False, True, (0,), None, False),
        (True, False, (0,), None, False),
        (True, True, (3,), None, False),
        (True, True, (0,), object(), False),
        (True, True, (0,), None, True),
    ],
)
def test_nothing_is_made_twice_where_it_would_be_wrong(
    monkeypatch: pytest.MonkeyPatch,
    wanted: bool,
    changed: bool,
    arguments: tuple[int, ...],
    outer: object,
    interrupted: bool,
) -> None:
    runner, p = Runner(monkeypatch), job()
    p.script_args = arguments
    runner.state.interrupted = interrupted
    compare.prepare(p, wanted, SimpleNamespace(outer=lambda: outer))
    processed = done(["guarded"], ["text"])
    compare.finish(p, processed, changed=changed)
    assert runner.asked == []
    assert processed.images == ["guarded"]


def test_both_pictures_begin_at_the_same_random_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    torch = pytest.importorskip("torch")
    runner, p = Runner(monkeypatch), job()
    drawn = []
    monkeypatch.setattr(
        runner, "process", lambda twin: drawn.append(torch.rand(3)) or done(["typed"], ["text"])
    )
    sys.modules["modules"].processing.process_images = runner.process
    compare.prepare(p, True, NOBODY)
    guarded = torch.rand(3)
    after = torch.random.get_rng_state()

    compare.finish(p, done(["guarded"], ["text"]), changed=True)

    assert torch.equal(drawn[0], guarded)
    assert torch.equal(torch.random.get_rng_state(), after)
