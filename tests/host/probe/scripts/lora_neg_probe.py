"""Plays the other extensions in a WebUI, for the host tests. Installed by them only.

Its one argument is JSON; each key makes it behave like another extension:

``prompts``, ``negatives``
    write all prompts of the job, as Dynamic Prompts does
``append``, ``append_infotext``
    add text to the prompts after the guard has planned, with or without the infotext's copy
``cases``
    make one batch per text, and add it to the batch's prompts after the guard has planned, with
    the mark of a matrix on ``p``, as LoRA Tester does
``late``
    add one text per batch to its prompts after the guard has planned, without any mark
``put_back``
    put the prompts back as they were before the guard's plan, as Regional Prompter does
``activate``
    load ``[name, weight]`` as a LoRA after the loader has run
``fail``
    let a function that the guard calls raise, such as ``plan``
``nested``
    make another picture of each picture, as ADetailer does: fields of an img2img job, and
    ``own_scripts`` to run all scripts in it
"""

from __future__ import annotations

import base64
import copy
import io
import json
import pathlib
import sys
import uuid

import gradio as gr
from modules import extra_networks, processing, script_callbacks, scripts, shared

LOADED = uuid.uuid4().hex
NESTED = []


class Probe(scripts.Script):
    """The AlwaysOn script."""

    sorting_priority = 2000

    def title(self):
        return "LoRA Neg Probe"

    def show(self, is_img2img):
        return scripts.AlwaysVisible

    def ui(self, is_img2img):
        return [gr.Textbox(value="", visible=False, label="LoRA Neg Probe")]

    def before_process(self, p, text="", *_):
        if getattr(p, "_lora_neg_probe_inner", False):
            return
        p._lora_neg_probe = json.loads(text) if text else {}
        NESTED.clear()
        name = _todo(p).get("fail")
        if name:
            guard = sys.modules["lib_lora_neg.hosts.webui.guard"]
            p._lora_neg_probe_undo = (guard, name, getattr(guard, name))
            setattr(guard, name, _broken)
        cases = _todo(p).get("cases")
        if cases:
            names = [text.split(":")[1] if ":" in text else None for text in cases]
            p._lora_tester_state = {"cases": [{"lora_tag_name": name} for name in names]}
            p.n_iter, p.batch_size = len(cases), 1

    def process(self, p, *_):
        todo = _todo(p)
        if todo.get("cases"):
            p.all_seeds = [p.all_seeds[0]] * len(p.all_prompts)
        if "prompts" in todo:
            p.all_prompts = list(todo["prompts"])
        if "negatives" in todo:
            p.all_negative_prompts = list(todo["negatives"])
        p._lora_neg_probe_kept = list(p.all_prompts), list(p.all_negative_prompts)

    def before_process_batch(self, p, *_, batch_number=0, **__):
        cases = _todo(p).get("cases")
        if cases:
            p.prompts[:] = [prompt + cases[batch_number] for prompt in p.prompts]
        late = _todo(p).get("late")
        if late:
            p.prompts[:] = [prompt + late[batch_number] for prompt in p.prompts]
        text = _todo(p).get("append")
        if not text:
            return
        p.prompts[:] = [prompt + text for prompt in p.prompts]
        if _todo(p).get("append_infotext"):
            start = batch_number * p.batch_size
            p.all_prompts[start : start + p.batch_size] = p.prompts

    def process_batch(self, p, *_, **__):
        if _todo(p).get("put_back"):
            here = slice(p.iteration * p.batch_size, (p.iteration + 1) * p.batch_size)
            p.all_prompts[here] = p._lora_neg_probe_kept[0][here]
            p.all_negative_prompts[here] = p._lora_neg_probe_kept[1][here]
        items = _todo(p).get("activate")
        if items:
            params = extra_networks.ExtraNetworkParams(items=[str(item) for item in items])
            p.extra_network_data.setdefault("lora", []).append(params)
            extra_networks.activate(p, p.extra_network_data)

    def postprocess_image(self, p, pp, *_):
        fields = dict(_todo(p).get("nested") or {})
        if fields:
            pp.image = _nested(p, pp.image, fields)

    def postprocess(self, p, processed, *_):
        undo = getattr(p, "_lora_neg_probe_undo", None)
        if undo:
            setattr(*undo)


def _todo(p):
    if getattr(p, "_lora_neg_probe_inner", False):
        return {}
    return getattr(p, "_lora_neg_probe", {})


def _broken(*_args, **_kwargs):
    raise RuntimeError("broken by the probe")


def _nested(p, image, fields):
    own_scripts = fields.pop("own_scripts", False)
    inner = processing.StableDiffusionProcessingImg2Img(
        sd_model=shared.sd_model,
        outpath_samples=p.outpath_samples,
        outpath_grids=p.outpath_grids,
        init_images=[image],
        width=p.width,
        height=p.height,
        sampler_name=p.sampler_name,
        seed=p.seed,
        do_not_save_samples=True,
        do_not_save_grid=True,
        **fields,
    )
    inner._lora_neg_probe_inner = True
    if own_scripts:
        inner.is_api = True
        inner.scripts = copy.copy(p.scripts)
        inner.script_args = copy.copy(p.script_args)
    try:
        result = processing.process_images(inner)
    except Exception as error:
        NESTED.append({"error": f"{type(error).__name__}: {error}"})
        raise
    picture = io.BytesIO()
    result.images[0].save(picture, format="PNG")
    NESTED.append(
        {"data": base64.b64encode(picture.getvalue()).decode(), "infotext": result.infotexts[0]}
    )
    return result.images[0]


def _state():
    guard = sys.modules["lib_lora_neg.hosts.webui.script"].guard
    return {
        "loaded": LOADED,
        "hook_depth": _hook_depth(),
        "running": len(guard.generations._running),
        "nested": NESTED,
        "of_comfyui": _of_comfyui(),
        "reports": {tab: _report(report) for tab, report in guard.generations.last.items()},
    }


def _of_comfyui():
    """What of the way into ComfyUI is in this process; it lies in the extension's folder."""
    entry = pathlib.Path(sys.modules["lib_lora_neg"].__file__).parents[1] / "__init__.py"
    loaded = [
        name
        for name, module in list(sys.modules.items())
        if name.startswith("lib_lora_neg.hosts.comfy")
        or getattr(module, "__file__", None) == str(entry)
    ]
    return {"is_there": entry.is_file(), "loaded": loaded}


def _hook_depth():
    function = type(extra_networks.extra_network_registry["lora"]).activate
    depth = 0
    while hasattr(function, "__wrapped__"):
        function, depth = function.__wrapped__, depth + 1
    return depth


def _report(report):
    return {
        "mode": report.mode.value,
        "failures": list(report.failures),
        "findings": [
            {
                "rule": finding.rule,
                "effect": finding.effect.value,
                "field": finding.field.value,
                "lora": finding.lora,
                "before": finding.before,
                "after": finding.after,
            }
            for finding in report.findings
        ],
    }


def _add_routes(_demo, app):
    app.add_api_route("/lora-neg-probe/state", _state, methods=["GET"])
    app.add_api_route("/lora-neg-probe/reload", shared.state.request_restart, methods=["POST"])


script_callbacks.on_app_started(_add_routes)
