"""`guard_call`: one call of somebody else's pipeline, guarded."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lib_lora_neg.policy import GuardSettings, Mode
from tests.host.support import lora_files as files

# The pipeline is called as its users call it, with whatever the libraries warn of.
pytestmark = pytest.mark.filterwarnings("ignore")

REST = {"num_inference_steps": 3, "width": 64, "height": 64}


@pytest.fixture(scope="module")
def pipe(api: Any, models: Path) -> Any:
    """Return a pipeline of its own with two adapters."""
    host = api.open_host(models / "sd1.safetensors", device="cpu")
    pipe = host.engine.pipe
    for name in (files.STYLE, files.CHARACTER):
        pipe.load_lora_weights(
            models / "loras", weight_name=f"{name}.safetensors", adapter_name=name
        )
    return pipe


def noise() -> Any:
    import torch

    return torch.Generator("cpu").manual_seed(3)


def pixels(output: Any) -> np.ndarray:
    return np.asarray(output.images[0])


def as_asked(pipe: Any, weights: dict[str, float], **given: Any) -> np.ndarray:
    pipe.set_adapters(list(weights), list(weights.values()))
    return pixels(pipe(generator=noise(), **given, **REST))


def test_the_weights_are_held_for_one_call_and_given_back(
    api: Any, pipe: Any, models: Path
) -> None:
    expected = as_asked(
        pipe, {files.STYLE: -0.5}, prompt="a cat", negative_prompt="dull", guidance_scale=6.0
    )
    pipe.set_adapters([files.STYLE], [-0.9])
    called = api.guard_call(
        pipe, "a cat", "dull", 9.0, loras=[models / "loras"], generator=noise(), **REST
    )
    assert np.array_equal(pixels(called), expected)
    assert called.arguments["guidance_scale"] == 6.0
    assert [f.rule for f in called.report.enforced] == ["R1", "R3"]
    from lib_lora_neg.hosts.diffusers.calls import adapters_of

    assert set(adapters_of(pipe)[files.STYLE].values()) == {-0.9}


def test_a_character_is_left_out_and_a_trigger_word_leaves_the_negative(
    api: Any, pipe: Any, models: Path
) -> None:
    expected = as_asked(
        pipe,
        {files.STYLE: 0.8, files.CHARACTER: 0.0},
        prompt="a cat",
        negative_prompt="dull",
        guidance_scale=9.0,
    )
    pipe.set_adapters([files.STYLE, files.CHARACTER], [0.8, -0.5])
    called = api.guard_call(
        pipe,
        prompt="a cat",
        negative_prompt=f"dull, {files.STYLE_TRIGGER}",
        guidance_scale=9.0,
        loras=[models / "loras"],
        generator=noise(),
        **REST,
    )
    assert np.array_equal(pixels(called), expected)
    assert called.arguments["negative_prompt"] == "dull"
    assert called.arguments["prompt"] == "a cat"


def test_what_needs_no_guarding_is_called_as_it_stands(api: Any, pipe: Any, models: Path) -> None:
    given = {"prompt": "a (cat:1.2), [x]", "negative_prompt": "dull", "guidance_scale": 7.0}
    expected = as_asked(pipe, {files.STYLE: 0.8}, **given)
    called = api.guard_call(pipe, **given, loras=[models / "loras"], generator=noise(), **REST)
    assert np.array_equal(pixels(called), expected)
    assert dict(called.arguments) == given
    assert called.report.enforced == ()


def test_files_by_name_several_prompts_and_modes(api: Any, pipe: Any, models: Path) -> None:
    pipe.set_adapters([files.STYLE], [-0.9])
    loras = {files.STYLE: models / "loras" / f"{files.STYLE}.safetensors"}
    called = api.guard_call(
        pipe, ["a cat", "a dog"], ["dull", "grey"], loras=loras, output_type="latent", **REST
    )
    assert len(called.images) == 2
    assert called.arguments["guidance_scale"] == 6.0  # the pipeline's own default is 7.5
    advised = api.guard_call(
        pipe,
        "a cat",
        loras=loras,
        settings=GuardSettings(mode=Mode.ADVISE),
        output_type="latent",
        **REST,
    )
    assert dict(advised.arguments) == {"prompt": "a cat"}
    assert advised.report.findings
    off = api.guard_call(
        pipe,
        "a cat",
        loras=loras,
        settings=GuardSettings(mode=Mode.OFF),
        output_type="latent",
        **REST,
    )
    assert off.report.findings == ()


def test_a_failing_guard_calls_the_pipeline_as_asked(
    api: Any, pipe: Any, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a broken rule")

    expected = as_asked(pipe, {files.STYLE: -0.9}, prompt="a cat", guidance_scale=9.0)
    monkeypatch.setattr("lib_lora_neg.hosts.diffusers.calls.plan", broken)
    called = api.guard_call(
        pipe, "a cat", None, 9.0, loras=[models / "loras"], generator=noise(), **REST
    )
    assert np.array_equal(pixels(called), expected)
    assert called.report.failures == ("RuntimeError: a broken rule",)


def test_a_pipeline_that_raises_still_gets_its_weights_back(
    api: Any, pipe: Any, models: Path
) -> None:
    from lib_lora_neg.hosts.diffusers.calls import adapters_of

    pipe.set_adapters([files.STYLE], [-0.9])
    with pytest.raises(ValueError, match="divisible"):
        api.guard_call(pipe, "a cat", loras=[models / "loras"], width=63, height=63)
    assert set(adapters_of(pipe)[files.STYLE].values()) == {-0.9}


def test_adapters_without_a_file_are_named(api: Any, pipe: Any, models: Path) -> None:
    pipe.set_adapters([files.STYLE, files.CHARACTER], [-0.9, 0.8])
    loras = {files.CHARACTER: models / "loras" / f"{files.CHARACTER}.safetensors"}
    with pytest.warns(api.UnguardedAdapterWarning, match=files.STYLE):
        called = api.guard_call(pipe, "a cat", loras=loras, output_type="latent", **REST)
    assert called.unguarded == (files.STYLE,)
    with warnings.catch_warnings():
        warnings.simplefilter("error", api.UnguardedAdapterWarning)
        # A single folder is a folder, not its letters.
        called = api.guard_call(
            pipe, "a cat", loras=str(models / "loras"), output_type="latent", **REST
        )
    assert called.unguarded == ()


def test_a_host_around_a_pipeline_names_the_adapters_it_came_with(
    api: Any, pipe: Any, models: Path
) -> None:
    pipe.set_adapters([files.STYLE], [-0.9])
    with pytest.warns(api.UnguardedAdapterWarning, match=files.STYLE):
        host = api.guarded(pipe, [models / "loras"])
    assert host.unguarded == (files.STYLE,)
    host.close()


def test_what_does_not_exist_is_an_error_before_anything_is_made(
    api: Any, pipe: Any, models: Path, tmp_path: Path
) -> None:
    missing = tmp_path / "nowhere"
    file = next((models / "loras").glob("*.safetensors"))
    for folders in ([missing], [models / "loras", missing], str(missing), [file]):
        with pytest.raises(api.LoraFolderError, match=r"no such folder|is no folder"):
            api.guard_call(pipe, "a cat", loras=folders, **REST)
        with pytest.raises(api.LoraFolderError, match=r"no such folder|is no folder"):
            api.guarded(pipe, folders)
        with pytest.raises(api.LoraFolderError, match=r"no such folder|is no folder"):
            api.open_host(models / "sd1.safetensors", folders, device="cpu")
    with pytest.raises(api.LoraError, match="no such file"):
        api.guard_call(pipe, "a cat", loras={files.STYLE: missing}, **REST)
