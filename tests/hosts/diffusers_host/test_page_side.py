"""What pages and panels see of this host: form, library, health, scans."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lib_lora_neg.hosts.preview import FormValues
from lib_lora_neg.infotext import parse_infotext
from lib_lora_neg.loras.card import RangeSource, WeightRange
from lib_lora_neg.loras.decisions import Decision
from lib_lora_neg.loras.families import ModelFamily
from lib_lora_neg.policy import Mode, plan
from tests.host.support import lora_files as files
from tests.hosts.diffusers_host.conftest import SIZE

CALM = {**SIZE, "steps": 1, "seed": 5}
PROMPT = f"a cat <lora:{files.STYLE}:-0.9>"


@pytest.fixture
def own(api: Any, sd1: Any, models: Path, tmp_path: Path) -> Iterator[Any]:
    """Return a host with a LoRA folder of its own."""
    folder = tmp_path / "loras" / "below"
    folder.mkdir(parents=True)
    for ending in ("safetensors", "json"):
        shutil.copy(models / "loras" / f"{files.STYLE}.{ending}", folder)
    host = api.guarded(sd1.engine.pipe, [tmp_path / "loras"])
    yield host
    host.close()
    host.engine.networks.apply(())


def test_the_preview_foretells_the_generation(sd1: Any) -> None:
    form = FormValues(PROMPT, f"dull, {files.STYLE_TRIGGER}", 9.0)
    context = sd1.preview.context(form)
    foretold = plan(context.request, context.cards, context.settings)
    made = sd1.generate(
        prompt=form.prompt, negative_prompt=form.negative_prompt, cfg_scale=9.0, **CALM
    )
    assert foretold.findings == made.report.findings
    assert context.request.family is ModelFamily.SD1
    assert sd1.preview.context(form, Mode.OFF).settings.mode is Mode.OFF
    assert sd1.preview.context(form, rules={"R1": Mode.OFF}).settings.mode_of("R1") is Mode.OFF


def test_tokens_are_counted_as_the_webui_counts_them(sd1: Any) -> None:
    assert sd1.preview.token_count("")[1] == 75
    count, room = sd1.preview.token_count(PROMPT)
    assert (count, room) == sd1.preview.token_count("a cat ")
    assert sd1.preview.token_count("a BREAK a") == (76, 150)


def test_the_library_reads_in_the_background_and_knows_places(own: Any) -> None:
    library = own.library
    assert library.known(files.STYLE) is None
    library.begin()
    for _ in range(100):
        if not library.progress().running:
            break
        time.sleep(0.05)
    assert library.progress().failure == ""
    card = library.known(files.STYLE)
    assert library.location(card) == f"below/{files.STYLE}.safetensors"
    assert list(library.names()) == [files.STYLE]
    assert library.card("no such name") is None


def test_a_decision_is_obeyed_by_the_next_generation(own: Any) -> None:
    before = own.library.decisions([files.STYLE])[files.STYLE]
    narrow = WeightRange(-0.2, None, None, RangeSource.USER)
    decision = Decision(type=before.type, weight_range=narrow)
    (saved,) = own.library.save({files.STYLE: decision})
    assert saved.done
    made = own.generate(prompt=PROMPT, **CALM)
    assert parse_infotext(made.pictures[0].infotext).prompt == f"a cat <lora:{files.STYLE}:-0.2>"
    exported = own.library.export()
    own.library.save({files.STYLE: before})
    again = own.generate(prompt=PROMPT, **CALM)
    assert parse_infotext(again.pictures[0].infotext).prompt == f"a cat <lora:{files.STYLE}:-0.5>"
    assert [item.done for item in own.library.restore(exported)] == [True]


def test_a_lora_that_arrives_later_is_found(
    own: Any, models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lib_lora_neg.hosts.diffusers.engine.RESCAN_SECONDS", 0.0)
    prompt = f"a cat <lora:{files.CONCEPT}:0.5>"
    assert own.generate(prompt=prompt, **CALM).problems
    shutil.copy(models / "loras" / f"{files.CONCEPT}.safetensors", tmp_path / "loras")
    assert own.generate(prompt=prompt, **CALM).problems == ()


def test_health_names_what_is_missing(api: Any, sd1: Any) -> None:
    assert all(item.live for item in sd1.health())
    without = api.guarded(sd1.engine.pipe)
    assert [item.live for item in without.health()] == [True, False]


def test_scans_take_turns_with_generations(api: Any, sd1: Any, tmp_path: Path) -> None:
    from lib_lora_neg.hosts.diffusers.scan_tab import DiffusersScanHost
    from lib_lora_neg.scan.workplace import TurnCancelledError

    place = DiffusersScanHost(sd1, tmp_path)
    assert place.checkpoint().digest == sd1.engine.digest()[:10]
    assert place.form().sampling.width == 512
    assert place.lora_digest(files.STYLE)
    order: list[str] = []
    stop = threading.Event()

    def wait_for_turn() -> None:
        with place.turn(stop):
            order.append("scan")

    with place.turn(stop):
        other = threading.Thread(target=wait_for_turn)
        other.start()
        order.append("generation")
    other.join(10)
    assert order == ["generation", "scan"]
    stop.set()
    held = threading.Event()
    done = threading.Event()

    def hold() -> None:
        with place.turn(threading.Event()):
            held.set()
            done.wait(10)

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait(10)
    with pytest.raises(TurnCancelledError), place.turn(stop):
        pass
    done.set()
    holder.join(10)


def test_the_small_model_is_scanned_at_its_own_size_and_in_its_own_words(
    api: Any, tmp_path: Path
) -> None:
    from lib_lora_neg.hosts.diffusers.scan_tab import DiffusersScanHost
    from lib_lora_neg.page.world import embedded_world
    from lib_lora_neg.scan.suggestions import SHAPES

    world = embedded_world()
    assert world is not None
    host = api.open_host(world.model, [world.loras])
    form = DiffusersScanHost(host, tmp_path, cfg_scale=3.0).form()
    assert (form.sampling.width, form.sampling.height, form.sampling.cfg) == (64, 64, 3.0)
    assert form.scenes is SHAPES
    texts = [form.scenes.person, form.scenes.scene, *form.scenes.unrelated]
    assert all(map(host.engine.knows, texts))
    assert not host.engine.knows("an old bicycle")
    host.close()
