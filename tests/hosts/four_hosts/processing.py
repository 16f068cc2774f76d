"""``process_images`` of the four WebUIs: the order of calls, what is read when, what is written.

Instead of a model there is a digest: two pictures are equal where all that a model would be given
is equal, its LoRAs for text encoder and U-Net included.
"""

from __future__ import annotations

import hashlib
import io
import re
from types import SimpleNamespace
from typing import Any

import numpy as np
from PIL import Image

from lib_lora_neg.infotext import Infotext, format_infotext
from tests.hosts.standins import Params

from . import contracts

_TAG = re.compile(r"<(\w+):([^>]+)>")

DEFAULTS: dict[str, Any] = {
    "prompt": "",
    "negative_prompt": "",
    "styles": (),
    "seed": -1,
    "subseed": -1,
    "steps": 20,
    "cfg_scale": 7.0,
    "width": 512,
    "height": 512,
    "sampler_name": "Euler",
    "batch_size": 1,
    "n_iter": 1,
    "denoising_strength": None,
    "enable_hr": False,
    "hr_prompt": "",
    "hr_negative_prompt": "",
    "hr_scale": 2.0,
    "hr_upscaler": "Latent",
    "hr_second_pass_steps": 0,
    "hr_additional_modules": None,
    "init_images": (),
    "mask": None,
    "do_not_save_grid": False,
    "do_not_save_samples": False,
    "save_images": False,
    "outpath_samples": "",
    "outpath_grids": "",
    "scripts": None,
    "script_args": (),
}


class Processing:
    """As the host's, with what scripts read and write."""

    cached_c: list[Any]
    cached_uc: list[Any]
    is_img2img = False

    def __init__(self, host: Any, **fields: Any) -> None:
        self.host = host
        self.sd_model = fields.pop("sd_model", host.model)
        self.override_settings = dict(fields.pop("override_settings", None) or {})
        for name, value in {**DEFAULTS, **fields}.items():
            setattr(self, name, value)
        if host.contract.hires_cfg is not None and not self.is_img2img:
            self.hr_cfg = fields.get("hr_cfg", host.contract.hires_cfg)
        self.extra_generation_params: dict[str, Any] = {}
        self.extra_network_data: dict[str, list[Params]] = {}
        self.comments: list[str] = []
        self.iteration = 0
        self.is_hr_pass = False
        self.all_prompts: Any = None
        self.all_negative_prompts: Any = None
        self.prompts: Any = None
        self.negative_prompts: Any = None

    def comment(self, text: str) -> None:
        self.comments.append(text)

    def setup_prompts(self) -> None:
        count = self.batch_size * self.n_iter
        prompt, negative = self.prompt, self.negative_prompt
        self.all_prompts = prompt if isinstance(prompt, list) else [prompt] * count
        self.all_negative_prompts = negative if isinstance(negative, list) else [negative] * count
        self.all_prompts = [self._styled(text, 1) for text in self.all_prompts]
        self.all_negative_prompts = [self._styled(text, 2) for text in self.all_negative_prompts]
        self.main_prompt = self.all_prompts[0]
        self.main_negative_prompt = self.all_negative_prompts[0]
        if self.enable_hr:
            hires = self.hr_prompt, self.hr_negative_prompt
            texts = [self._styled(text, place) for place, text in enumerate(hires, 1)]
            self.all_hr_prompts = [texts[0]] * count if hires[0] else list(self.all_prompts)
            self.all_hr_negative_prompts = (
                [texts[1]] * count if hires[1] else list(self.all_negative_prompts)
            )

    def _styled(self, text: str, place: int) -> str:
        for name in self.styles:
            style = self.host.styles.get(name)
            if style and style[place - 1]:
                text = ", ".join(filter(None, (text.strip(), style[place - 1])))
        return text

    def parse_extra_network_prompts(self) -> None:
        self.prompts, self.extra_network_data = parse_prompts(self.prompts)
        if self.enable_hr:
            here = slice(self.iteration * self.batch_size, (self.iteration + 1) * self.batch_size)
            self.hr_negative_prompts = self.all_hr_negative_prompts[here]
            texts = self.all_hr_prompts[here]
            self.hr_prompts, self.hr_extra_network_data = parse_prompts(texts)

    def encoded(self, negative: bool, hires: bool = False) -> Any:
        """Return what the text encoder makes of the prompts now, or made of them last time."""
        cache = self.host.cache[("hr_" if hires else "") + ("uc" if negative else "c")]
        names = ("hr_prompts", "hr_negative_prompts") if hires else ("prompts", "negative_prompts")
        data = self.hr_extra_network_data if hires else self.extra_network_data
        texts = tuple(getattr(self, names[negative]))
        items = tuple(tuple(params.items) for params in data.get("lora", ()))
        key = (texts, items, self.steps, self.width, self.height)
        if cache.get("key") != key:
            cache.update(key=key, made=(texts, weights_now("te")))
        return cache["made"]


class Txt2Img(Processing):
    pass


class Img2Img(Processing):
    is_img2img = True


def parse_prompts(prompts: list[str]) -> tuple[list[str], dict[str, list[Params]]]:
    """Take the tags out of prompts; the first one's count."""
    data: dict[str, list[Params]] = {}
    for found in _TAG.finditer(prompts[0]):
        data.setdefault(found[1], []).append(Params(found[2].split(":")))
    return [_TAG.sub("", text) for text in prompts], data


def weights_now(part: str) -> tuple[tuple[str, float], ...]:
    """Return what the loaded LoRAs add up to in a part of the model."""
    total: dict[str, float] = {}
    for net in contracts.loaded_networks:
        total[net.file] = total.get(net.file, 0.0) + getattr(net, part)
    return tuple(sorted((file, round(w, 6)) for file, w in total.items() if round(w, 6)))


def activate(p: Processing, data: dict[str, list[Params]]) -> None:
    """As ``extra_networks.activate``: a network that fails is activated again with nothing."""
    done = False
    network = p.host.registry["lora"]
    if "lora" in data:
        try:
            network.activate(p, data["lora"])
            done = True
        except Exception as error:
            print(f"Error activating extra network lora: {error}")
    if not done:
        network.activate(p, [])
    run(p, "after_extra_networks_activate", batch_number=p.iteration, extra_network_data=data)


def run(p: Processing, name: str, *args: Any, **more: Any) -> None:
    """Call a callback of all scripts; an exception is printed, as the hosts do."""
    if p.scripts is None:
        return
    for script in p.scripts.alwayson_scripts:
        method = getattr(script, name, None)
        own = p.script_args[script.args_from : script.args_to]
        if method is None:
            continue
        try:
            method(p, *args, *own, **more)
        except Exception as error:
            p.host.errors.append(f"{name}: {type(error).__name__}: {error}")


def process_images(p: Processing) -> Any:
    """Make the pictures of ``p``."""
    run(p, "before_process")
    opts, before = p.host.opts, {}
    for key, value in p.override_settings.items():
        before[key] = getattr(opts, key, None)
        setattr(opts, key, value)
    try:
        return _inner(p)
    finally:
        for key, value in before.items():
            setattr(opts, key, value)


def _inner(p: Processing) -> Any:
    p.setup_prompts()
    seed = p.seed[0] if isinstance(p.seed, list) else p.seed
    p.all_seeds = [seed + number for number in range(len(p.all_prompts))]
    p.all_subseeds = [1] * len(p.all_prompts)
    run(p, "process")
    if p.enable_hr:
        p.extra_generation_params |= {
            "Hires upscale": p.hr_scale,
            "Hires upscaler": p.hr_upscaler,
            "Hires steps": p.hr_second_pass_steps,
        }
    if hasattr(p, "hr_cfg") and p.enable_hr:
        p.extra_generation_params["Hires CFG Scale"] = _hires_cfg(p)
    images: list[Any] = []
    texts: list[str] = []
    for number in range(p.n_iter):
        p.iteration = number
        _batch(p, number, images, texts)
    first = 0
    opts = p.host.opts
    if getattr(opts, "return_grid", False) and len(images) > 1 and not p.do_not_save_grid:
        grid = Image.new("RGB", (images[0].width * len(images), images[0].height))
        images.insert(0, grid)
        texts.insert(0, infotext(p, 0, main=True))
        first = 1
    done = SimpleNamespace(
        images=images,
        infotexts=texts,
        index_of_first_image=first,
        all_prompts=p.all_prompts,
        all_seeds=p.all_seeds,
        comments="",
    )
    run(p, "postprocess", done)
    return done


def _batch(p: Processing, number: int, images: list[Any], texts: list[str]) -> None:
    here = slice(number * p.batch_size, (number + 1) * p.batch_size)
    p.prompts, p.negative_prompts = p.all_prompts[here], p.all_negative_prompts[here]
    p.seeds, p.subseeds = p.all_seeds[here], p.all_subseeds[here]
    more = {"batch_number": number, "prompts": p.prompts, "seeds": p.seeds}
    run(p, "before_process_batch", **more)
    if not p.prompts:
        return
    p.parse_extra_network_prompts()
    activate(p, p.extra_network_data)
    run(p, "process_batch", **more)
    negative, positive = p.encoded(True), p.encoded(False)
    hires = None
    if p.enable_hr and p.host.contract.early_hires:
        activate(p, p.hr_extra_network_data)
        hires = p.encoded(True, hires=True), p.encoded(False, hires=True)
        activate(p, p.extra_network_data)
    made = _sampled(p, positive, negative, hires)
    run(p, "postprocess_batch", images=made, **more)
    p.prompts, p.negative_prompts = p.all_prompts[here], p.all_negative_prompts[here]
    run(p, "postprocess_batch_list", SimpleNamespace(images=made), **more)
    for place, picture in enumerate(made):
        shown = SimpleNamespace(image=picture)
        run(p, "postprocess_image", shown)
        images.append(shown.image)
        texts.append(infotext(p, place))


def _sampled(p: Processing, positive: Any, negative: Any, hires: Any) -> list[Any]:
    run(p, "process_before_every_sampling")
    given = _digests(p, positive, negative, float(p.cfg_scale), p.steps, _start(p))
    size = (p.width, p.height)
    if p.enable_hr:
        activate(p, p.hr_extra_network_data)
        if hires is None:
            hires = p.encoded(True, hires=True), p.encoded(False, hires=True)
        p.is_hr_pass = True
        run(p, "before_hr")
        for _ in range(p.host.contract.samplings):
            run(p, "process_before_every_sampling")
        given = _digests(p, hires[1], hires[0], _hires_cfg(p), p.hr_second_pass_steps, given)
        p.is_hr_pass = False
        size = (int(p.width * p.hr_scale), int(p.height * p.hr_scale))
    return [_picture(digest, size) for digest in given]


def _hires_cfg(p: Processing) -> float:
    own = getattr(p, "hr_cfg", None)
    if own is None or (own == 0 and p.host.contract.zero_is_first):
        return float(p.cfg_scale)
    return float(own)


def _start(p: Processing) -> list[bytes]:
    if not p.init_images:
        return [b""] * len(p.prompts)
    digest = hashlib.sha256()
    for image in (p.init_images[0], p.mask):
        if image is not None:
            digest.update(np.asarray(image).tobytes())
    return [digest.digest()] * len(p.prompts)


def _digests(
    p: Processing, positive: Any, negative: Any, cfg: float, steps: int, before: list[bytes]
) -> list[bytes]:
    """Return what the model would be given for each picture, in short."""
    no_negative = cfg == 1 and p.host.contract.skips_negative
    digests = []
    for place, seed in enumerate(p.seeds):
        given = (
            (positive[0][place].strip(), positive[1]),
            None if no_negative else (negative[0][place].strip(), negative[1]),
            weights_now("unet"),
            (cfg, steps, seed, p.width, p.height, p.denoising_strength, before[place]),
        )
        digests.append(hashlib.sha256(repr(given).encode()).digest())
    return digests


def _picture(digest: bytes, size: tuple[int, int]) -> Any:
    random = np.random.default_rng(list(digest))
    return Image.fromarray(random.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8))


def infotext(p: Processing, place: int, *, main: bool = False) -> str:
    """Return the infotext of a picture of the batch, or of the grid."""
    number = p.iteration * p.batch_size + place
    prompt = p.main_prompt if main else p.prompts[place]
    negative = p.main_negative_prompt if main else p.negative_prompts[place]
    said = {
        "Steps": p.steps,
        "Sampler": p.sampler_name,
        "CFG scale": p.cfg_scale,
        "Seed": p.all_seeds[number],
        "Size": f"{p.width}x{p.height}",
        "Denoising strength": p.denoising_strength,
    }
    if p.enable_hr and not main:
        for key, hires, texts in (
            ("Hires prompt", p.all_hr_prompts, p.all_prompts),
            ("Hires negative prompt", p.all_hr_negative_prompts, p.all_negative_prompts),
        ):
            said[key] = hires[number] if hires[number] != texts[number] else None
    said |= p.extra_generation_params
    kept = {key: str(value) for key, value in said.items() if value is not None}
    return format_infotext(Infotext(prompt, negative, kept))


def png_of(picture: Any) -> bytes:
    written = io.BytesIO()
    picture.save(written, format="PNG")
    return written.getvalue()
