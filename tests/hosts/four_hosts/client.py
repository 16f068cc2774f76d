"""The API of a stand-in, as the host tests' own client speaks it."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Mapping
from typing import Any

from PIL import Image

from lib_lora_neg.hosts.webui import infotext
from lib_lora_neg.infotext import HIRES_NEGATIVE, HIRES_PROMPT, parse_infotext
from tests.host.conftest import STYLE_NAME, STYLE_NEGATIVE, STYLE_PROMPT
from tests.host.support.client import GUARD_TITLE, Webui

from . import contracts, processing
from .host import Host

_ON_P = frozenset(processing.DEFAULTS) | {"hr_cfg", "override_settings"}


class StandinWebui(Webui):
    """Speaks to a `Host` instead of a server."""

    def __init__(self, host: Host) -> None:
        super().__init__("http://standin.invalid")
        self._host = host
        host.styles[STYLE_NAME] = (STYLE_PROMPT, STYLE_NEGATIVE)

    def get(self, path: str) -> Any:
        host, contract = self._host, self._host.contract
        if path == "/openapi.json":
            names = {"prompt": {}}
            if contract.hires_cfg is not None:
                names["hr_cfg"] = {}
            if contract.has_modules:
                names["hr_additional_modules"] = {}
            schema = {"StableDiffusionProcessingTxt2Img": {"properties": names}}
            return {"components": {"schemas": schema}}
        if path == "/sdapi/v1/latent-upscale-modes":
            return [{"name": "Latent"}] if contract.latent_upscaler else []
        if path == "/sdapi/v1/scripts":
            return {
                tab: [s.title().lower() for s in (*r.alwayson_scripts, *r.selectable_scripts)]
                for tab, r in host.runners.items()
            }
        if path == "/sdapi/v1/loras":
            return [{"name": name} for name in contracts.available_networks]
        if path == "/sdapi/v1/options":
            return dict(vars(host.opts))
        if path == "/sdapi/v1/prompt-styles":
            return [{"name": name} for name in host.styles]
        assert path in host.routes, f"GET {path}: 404"
        return json.loads(json.dumps(host.routes[path]()))

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        if path == "/sdapi/v1/options":
            for key, value in body.items():
                setattr(self._host.opts, key, value)
            return None
        tab = path.rsplit("/", 1)[1]
        assert tab in ("txt2img", "img2img"), f"POST {path}: 404"
        return self._make(tab, dict(body))

    def _make(self, tab: str, body: dict[str, Any]) -> Any:
        host, contract = self._host, self._host.contract
        scripts = dict(body.get("alwayson_scripts", {}))
        if "infotext" in body:
            text = body.pop("infotext")
            body = {**_fields_of(text), **body}
            said = parse_infotext(text).parameters
            own = [infotext.pasted_enabled(said), infotext.pasted_mode(said)]
            scripts.setdefault(GUARD_TITLE, {"args": own})
        runner = host.runners[tab]
        args = runner.arguments(
            scripts,
            body.get("script_name"),
            list(body.get("script_args", ())),
        )
        fields = {key: value for key, value in body.items() if key in _ON_P and value is not None}
        if tab == "img2img":
            images = [Image.open(io.BytesIO(base64.b64decode(i))) for i in body["init_images"]]
            fields["init_images"] = images
            mask = body.get("mask")
            if mask is not None:
                fields["mask"] = Image.open(io.BytesIO(base64.b64decode(mask)))
            p = host.img2img(**fields)
        else:
            p = host.txt2img(host, **fields)
        if p.enable_hr:
            known = p.hr_upscaler != "Latent" or contract.latent_upscaler
            assert known, "500: could not find upscaler named Latent"
            asked = p.hr_additional_modules is not None or not contract.has_modules
            assert asked, "500: hr_additional_modules is None"
        p.scripts, p.script_args = runner, args
        done = host.make(p)
        assert host.errors == [], host.errors
        return {
            "images": [base64.b64encode(processing.png_of(i)).decode() for i in done.images],
            "info": json.dumps({"infotexts": done.infotexts}),
        }


def _fields_of(text: str) -> dict[str, Any]:
    """Return the fields of a request that an infotext stands for."""
    told = parse_infotext(text)
    said = told.parameters
    width, height = said["Size"].split("x")
    fields: dict[str, Any] = {
        "prompt": told.prompt,
        "negative_prompt": told.negative_prompt,
        "steps": int(said["Steps"]),
        "seed": int(said["Seed"]),
        "cfg_scale": told.cfg_scale,
        "width": int(width),
        "height": int(height),
        "sampler_name": said["Sampler"],
    }
    if "Denoising strength" in said:
        fields["denoising_strength"] = float(said["Denoising strength"])
    if "Hires upscale" in said:
        fields |= {
            "enable_hr": True,
            "hr_scale": float(said["Hires upscale"]),
            "hr_upscaler": said["Hires upscaler"],
            "hr_second_pass_steps": int(said["Hires steps"]),
            "hr_prompt": said.get(HIRES_PROMPT, ""),
            "hr_negative_prompt": said.get(HIRES_NEGATIVE, ""),
            "hr_cfg": told.hires_cfg,
        }
    return fields
