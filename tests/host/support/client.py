"""The WebUI's API as the host tests speak it."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import httpx
import numpy as np

from lib_lora_neg.infotext import Infotext, parse_infotext

from . import png

GUARD_TITLE = "LoRA Negative Guard"
PROBE_TITLE = "LoRA Neg Probe"

ON = (True, "Enforce")
ADVISE = (True, "Advise")
OFF = (False,)
"""Arguments of the guard's script. Off is our stand-in for a WebUI without the extension."""

PICTURE: Mapping[str, Any] = {
    "seed": 1,
    "steps": 2,
    "width": 64,
    "height": 64,
    "cfg_scale": 5.0,
    "sampler_name": "Euler",
    "scheduler": "Automatic",
}
DEFAULTS: Mapping[str, Any] = {
    "lora_neg_budget": 2.5,
    "lora_neg_full_stops": False,
    "lora_neg_guard_sweeps": False,
    "lora_neg_mode": "Enforce",
    "lora_neg_negative_tag": "move",
    "lora_neg_notice_seen": False,
    "lora_neg_rule_r1": "Enforce",
    "sd_lora": "None",
}
"""Options of extensions; Forge's API leaves them out until they are set."""
LATENT, PIXELS = "Latent", "None"
"""Upscalers of the hires pass; Neo has none that works on latents."""
HIRES: Mapping[str, Any] = {
    "enable_hr": True,
    "hr_scale": 2,
    "hr_second_pass_steps": 2,
    "denoising_strength": 0.7,
}


@dataclass(frozen=True)
class Picture:
    """One picture as the API returned it."""

    data: bytes = field(repr=False)
    infotext: str

    @cached_property
    def pixels(self) -> png.Pixels:
        return png.decode(self.data)

    @cached_property
    def said(self) -> Infotext:
        """The infotext taken apart."""
        return parse_infotext(self.infotext)

    @property
    def prompt(self) -> str:
        return self.said.prompt

    @property
    def negative(self) -> str:
        return self.said.negative_prompt

    @property
    def changes(self) -> str:
        """What the guard says it changed; empty when it says nothing."""
        return self.said.parameters.get("LoRA Neg changes", "")

    @property
    def own_keys(self) -> dict[str, str]:
        """The guard's keys in the infotext."""
        return {k: v for k, v in self.said.parameters.items() if k.startswith("LoRA Neg")}


def difference(one: Picture, other: Picture) -> float:
    """Return the mean distance of two pictures of one size, in grey levels."""
    assert one.pixels.shape == other.pixels.shape
    return float(np.abs(one.pixels.astype(int) - other.pixels.astype(int)).mean())


def assert_same(one: Picture, other: Picture) -> None:
    """Every pixel is equal."""
    distance = difference(one, other)
    assert distance == 0, f"mean difference {distance:.3f}\n{one.infotext}\n---\n{other.infotext}"


def assert_differ(one: Picture, other: Picture) -> None:
    """The pictures differ visibly, so that comparing them says something."""
    distance = difference(one, other)
    assert distance > 0.5, f"mean difference {distance:.3f}\n{one.infotext}\n---\n{other.infotext}"


class Webui:
    """A running WebUI with ``--api``."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self._http = httpx.Client(base_url=self.url, timeout=300, trust_env=False)
        self.fixed: dict[str, Any] = {}
        """Fields that go with every request, such as the checkpoint."""

    def close(self) -> None:
        self._http.close()

    def get(self, path: str) -> Any:
        answer = self._http.get(path)
        assert answer.status_code == 200, f"GET {path}: {answer.status_code} {answer.text[:2000]}"
        return answer.json()

    def fetch(self, path: str, **query: str) -> bytes:
        """Return a file that a route hands out."""
        answer = self._http.get(path, params=query)
        assert answer.status_code == 200, f"GET {path}: {answer.status_code} {answer.text[:2000]}"
        return answer.content

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        answer = self._http.post(path, json=dict(body))
        assert answer.status_code == 200, f"POST {path}: {answer.status_code} {answer.text[:2000]}"
        return answer.json()

    @cached_property
    def fields(self) -> frozenset[str]:
        """Names of the fields of a txt2img request; hosts and versions differ in them."""
        schema = self.get("/openapi.json")["components"]["schemas"]
        return frozenset(schema["StableDiffusionProcessingTxt2Img"]["properties"])

    @property
    def hires_has_own_cfg(self) -> bool:
        """Whether the hires pass has a CFG scale of its own, as in Forge and its heirs."""
        return "hr_cfg" in self.fields

    @property
    def has_modules(self) -> bool:
        """Whether text encoders and VAE are chosen as modules, as in Forge and Neo."""
        return "hr_additional_modules" in self.fields

    @cached_property
    def upscaler(self) -> str:
        """An upscaler for the hires pass."""
        latent = {mode["name"] for mode in self.get("/sdapi/v1/latent-upscale-modes")}
        return LATENT if LATENT in latent else PIXELS

    @cached_property
    def unknown_name_drops_all(self) -> bool:
        """Whether one unknown LoRA name costs the prompt all its LoRAs, as the pictures show."""
        name = next(name for name in sorted(self.lora_names) if name.startswith("lnt_"))
        known = f"a cat <lora:{name}:0.9>"
        plain, with_it, with_both = (
            self.txt2img(text, guard=OFF)
            for text in ("a cat", known, f"{known} <lora:lnt_nosuch:1>")
        )
        assert_differ(plain, with_it)
        dropped = difference(with_both, plain) == 0
        assert_same(with_both, plain if dropped else with_it)
        return dropped

    @cached_property
    def scripts(self) -> frozenset[str]:
        return frozenset(title.lower() for title in self.get("/sdapi/v1/scripts")["txt2img"])

    @cached_property
    def lora_names(self) -> frozenset[str]:
        return frozenset(lora["name"] for lora in self.get("/sdapi/v1/loras"))

    def txt2img(
        self,
        prompt: str,
        negative: str = "",
        *,
        guard: Sequence[object] | None = ON,
        probe: Mapping[str, Any] | None = None,
        **fields: Any,
    ) -> Picture:
        """Make one picture and return it."""
        texts = {"prompt": prompt, "negative_prompt": negative}
        return self.many("txt2img", guard, probe, **{**PICTURE, **texts, **fields})[0]

    def img2img(
        self,
        prompt: str,
        negative: str = "",
        *,
        start: Picture,
        mask: bytes | None = None,
        guard: Sequence[object] | None = ON,
        probe: Mapping[str, Any] | None = None,
        **fields: Any,
    ) -> Picture:
        """Make one picture from another one and return it."""
        if self.hires_has_own_cfg:
            # Forge's img2img differs a little when the prompts need no encoding, because they are
            # those of the picture before; Neo's takes noise from where the picture before left off.
            self.txt2img("something else", guard=OFF)
        body: dict[str, Any] = {
            **PICTURE,
            "prompt": prompt,
            "negative_prompt": negative,
            "steps": 4,
            "denoising_strength": 0.75,
            "init_images": [base64.b64encode(start.data).decode()],
        }
        if mask is not None:
            body |= {
                "mask": base64.b64encode(mask).decode(),
                "inpainting_fill": 1,
                "inpaint_full_res": False,
                "mask_blur": 0,
            }
        return self.many("img2img", guard, probe, **{**body, **fields})[0]

    def from_infotext(
        self, text: str, *, guard: Sequence[object] | None, endpoint: str = "txt2img", **fields: Any
    ) -> Picture:
        """Send an infotext back, as pasting it and pressing Generate would."""
        # What the hosts' APIs cannot read from an infotext: they take their label for "the same
        # sampler" for a sampler's name, and Forge fails on lists.
        same: dict[str, Any] = {"hr_sampler_name": None, "hr_scheduler": None}
        if self.has_modules:
            same |= {"styles": [], "hr_additional_modules": ["Use same choices"]}
        return self.many(endpoint, guard, None, infotext=text, **{**same, **fields})[0]

    def many(
        self,
        endpoint: str,
        guard: Sequence[object] | None,
        probe: Mapping[str, Any] | None = None,
        **body: Any,
    ) -> list[Picture]:
        """Send a request and return all its pictures, grids included.

        Args:
            endpoint: ``txt2img`` or ``img2img``.
            guard: arguments of the guard's script; ``None`` says nothing of it.
            probe: what the probe extension shall do.
            body: the request.
        """
        scripts: dict[str, Any] = {}
        if guard is not None and GUARD_TITLE.lower() in self.scripts:
            scripts[GUARD_TITLE] = {"args": list(guard)}
        if probe is not None:
            scripts[PROBE_TITLE] = {"args": [json.dumps(probe)]}
        override = {**self.fixed, **body.pop("override_settings", {})}
        request = {**body, "alwayson_scripts": scripts, "override_settings": override}
        if body.get("enable_hr"):
            request = {**self._hires_fields(body), **request}
        answer = self.post(f"/sdapi/v1/{endpoint}", request)
        texts = json.loads(answer["info"])["infotexts"]
        images = answer["images"][: len(texts)]
        return [
            Picture(base64.b64decode(image), text)
            for image, text in zip(images, texts, strict=True)
        ]

    def _hires_fields(self, body: Mapping[str, Any]) -> dict[str, Any]:
        fields: dict[str, Any] = {"hr_upscaler": self.upscaler}
        if self.hires_has_own_cfg:
            fields["hr_cfg"] = body["cfg_scale"]
        if self.has_modules:
            fields["hr_additional_modules"] = ["Use same choices"]
        return fields

    @property
    def options(self) -> dict[str, Any]:
        """The options as they are, `DEFAULTS` for those that were never set."""
        return {**DEFAULTS, **self.get("/sdapi/v1/options")}

    @contextmanager
    def settings(self, **values: object) -> Iterator[None]:
        """Set options of the WebUI for a while.

        Not by ``override_settings``: A1111 puts those back only if they were ever saved.
        """
        options = self.options
        before = {key: options[key] for key in values}
        self.post("/sdapi/v1/options", values)
        try:
            yield
        finally:
            self.post("/sdapi/v1/options", before)

    def probe(self) -> dict[str, Any]:
        """Return what the probe extension sees of the guard."""
        state: dict[str, Any] = self.get("/lora-neg-probe/state")
        return state

    def findings(self, tab: str = "txt2img") -> list[dict[str, Any]]:
        """Return the findings that the panel shows after a generation."""
        found: list[dict[str, Any]] = self.probe()["reports"][tab]["findings"]
        return found

    def rules(self, tab: str = "txt2img") -> list[tuple[str, str]]:
        """Return rule and effect of each finding of the last generation."""
        return [(finding["rule"], finding["effect"]) for finding in self.findings(tab)]

    def reload_ui(self) -> None:
        """Reload the UI as its button does, and return when the WebUI answers again."""
        before = self.probe()["loaded"]
        self.post("/lora-neg-probe/reload", {})
        until = time.monotonic() + 120
        while time.monotonic() < until:
            time.sleep(0.5)
            try:
                if self.probe()["loaded"] != before and self.get("/sdapi/v1/options"):
                    return
            except (httpx.HTTPError, AssertionError):
                continue
        raise AssertionError("the UI did not come back")

    def xyz_axes(self, *, img2img: bool = False) -> list[str]:
        """Return the labels of the X/Y/Z plot's axes; hosts and versions differ in them."""
        choices: list[Any] = self._plot_inputs(img2img)[0]["choices"]
        return [choice[0] if isinstance(choice, list) else choice for choice in choices]

    def xyz_args(
        self, axes: Sequence[tuple[str, str]], *, img2img: bool = False, **inputs: object
    ) -> list[object]:
        """Return the arguments of the X/Y/Z plot's script, whose number differs between hosts.

        Args:
            axes: label and values of X, Y and Z, as many as there are.
            img2img: in which tab.
            inputs: values of other inputs, by label with ``_`` for a space; one that the host
                lacks is an error, all others have the page's default.
        """
        labels = self.xyz_axes(img2img=img2img)
        given = {name.replace("_", " ").lower(): value for name, value in inputs.items()}
        chosen = [*axes, ("Nothing", ""), ("Nothing", "")][:3]
        args: list[object] = []
        for label, values in chosen:
            args += [labels.index(label), values, []]
        for entry in self._plot_inputs(img2img)[len(args) :]:
            args.append(given.pop(entry["label"].lower(), entry["value"]))
        assert not given, f"the plot has no input called {sorted(given)}"
        return args

    def _plot_inputs(self, img2img: bool) -> list[dict[str, Any]]:
        inputs: list[dict[str, Any]] = next(
            script["args"]
            for script in self.get("/sdapi/v1/script-info")
            if script["name"] == "x/y/z plot" and script["is_img2img"] is img2img
        )
        return inputs
