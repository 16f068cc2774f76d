"""A scan's pictures in the WebUI, on stand-ins: what is asked of the host, what is left behind."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import pytest

from lib_lora_neg.hosts import branch_keys
from lib_lora_neg.hosts.webui import infotext, scan_pictures
from lib_lora_neg.hosts.webui.scan_pictures import ScanPictureError, WebuiGenerator
from lib_lora_neg.scan.ports import ImageRequest, LoraSetting
from tests.hosts.scan_standins import STYLE, Tensor, Txt2Img, Webui, make


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


def test_a_mask_acts_while_the_picture_is_sampled_and_stands_in_its_text(
    webui: Webui, monkeypatch: pytest.MonkeyPatch
) -> None:
    events: list[object] = []

    @contextmanager
    def kept(_: object, loras: Sequence[LoraSetting]) -> Iterator[None]:
        events.append([lora.blocks for lora in loras])
        yield
        events.append("given back")

    monkeypatch.setattr(scan_pictures, "kept_to_blocks", kept)
    monkeypatch.setattr(Txt2Img, "sd_model", None, raising=False)
    sample = Txt2Img.sample

    def sampled(p: Txt2Img) -> Tensor:
        events.append("sampled")
        return sample(p)

    monkeypatch.setattr(Txt2Img, "sample", sampled)
    (picture, _) = make(WebuiGenerator(), (replace(STYLE, blocks="-OUT3"),))
    assert events == [["-OUT3"], "sampled", "given back"]
    assert picture.infotext.startswith("a cat<lora:style:-0.9:blocks=-OUT3>")
    told = webui.made[0].fields["extra_generation_params"]
    assert told[infotext.MODE_KEY] == "Off"
    assert told[branch_keys.BLOCKS_KEY].startswith("style -OUT3")
    make(WebuiGenerator(), (STYLE,))
    assert events[3:] == ["sampled"]


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
    requests = (
        ImageRequest("a cat", "", 1),
        ImageRequest("a dog", "", 2),
        ImageRequest("a cow <lora:lcm:1>", "", 3),
        ImageRequest("a hen <lora:lcm:1>", "", 4),
    )
    pictures = make(WebuiGenerator(), (STYLE,), requests)
    assert [p.fields["seed"] for p in webui.made] == [[1, 2], [3, 4]]
    assert len(pictures) == 4
