"""Several clients at once, interrupted and skipped jobs: each picture is as if it were alone."""

from __future__ import annotations

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.host.support.client import (
    OFF,
    ON,
    PICTURE,
    Picture,
    Webui,
    assert_differ,
    assert_same,
)
from tests.host.support.lora_files import CHARACTER, CONCEPT, STYLE, STYLE_TRIGGER

CLIENTS: tuple[tuple[str, str, dict[str, Any], tuple[object, ...]], ...] = (
    (f"a cat <lora:{STYLE}:-0.9>", "blurry", {"cfg_scale": 9}, ON),
    (f"a dog <lora:{CONCEPT}:-0.9>", "ugly", {"cfg_scale": 8, "seed": 2}, ON),
    (f"a bird <lora:{STYLE}:0.8>", f"blurry, {STYLE_TRIGGER}", {"seed": 3}, ON),
    (f"a fish <lora:{STYLE}:-0.9>", "blurry", {"cfg_scale": 9, "seed": 4}, OFF),
)


def test_four_clients_at_once_get_what_each_gets_alone(probed: Webui) -> None:
    alone = [probed.txt2img(p, n, guard=guard, **more) for p, n, more, guard in CLIENTS]
    for place, one in enumerate(alone):
        for other in alone[place + 1 :]:
            assert_differ(one, other)

    def ask(number: int) -> Picture:
        prompt, negative, more, guard = CLIENTS[number % len(CLIENTS)]
        client = Webui(probed.url)
        try:
            return client.txt2img(prompt, negative, guard=guard, **more)
        finally:
            client.close()

    with ThreadPoolExecutor(len(CLIENTS)) as pool:
        together = list(pool.map(ask, range(3 * len(CLIENTS))))

    for number, picture in enumerate(together):
        expected = alone[number % len(CLIENTS)]
        assert_same(picture, expected)
        assert picture.infotext == expected.infotext
    assert probed.probe()["running"] == 0


LONG = {
    **PICTURE,
    "prompt": f"a cat <lora:{STYLE}:-0.9>",
    "negative_prompt": f"blurry, <lora:{CHARACTER}:0.5>",
    "cfg_scale": 9,
    "steps": 60,
    "n_iter": 2,
}
ASKED = f"a dog <lora:{CONCEPT}:-0.9>"


def in_the_middle(webui: Webui, press: str) -> dict[str, Any]:
    """Start a long job, press one of the host's buttons while it samples, return its answer."""
    answers: list[dict[str, Any]] = []
    client = Webui(webui.url)
    body = {**LONG, "alwayson_scripts": {"LoRA Negative Guard": {"args": list(ON)}}}
    job = threading.Thread(
        target=lambda: answers.append(client.post("/sdapi/v1/txt2img", body)), daemon=True
    )
    job.start()
    until = time.monotonic() + 60
    while time.monotonic() < until:
        state = webui.get("/sdapi/v1/progress?skip_current_image=true")["state"]
        if state["job_count"] and state["sampling_step"] >= 3:
            break
        time.sleep(0.05)
    webui.post(f"/sdapi/v1/{press}", {})
    job.join(240)
    client.close()
    assert not job.is_alive()
    return answers[0]


@pytest.mark.parametrize("press", ["interrupt", "skip"])
def test_a_job_that_was_broken_off_leaves_nothing_behind(probed: Webui, press: str) -> None:
    before = probed.txt2img(ASKED, "ugly", cfg_scale=9)

    answer = in_the_middle(probed, press)

    texts = json.loads(answer["info"])["infotexts"]
    assert all(f"<lora:{STYLE}:-0.5>" in text for text in texts)
    assert probed.probe()["running"] == 0
    after = probed.txt2img(ASKED, "ugly", cfg_scale=9)
    assert_same(before, after)
    assert before.infotext == after.infotext
    assert_same(after, probed.txt2img(after.prompt, "ugly", guard=OFF, cfg_scale=6))
