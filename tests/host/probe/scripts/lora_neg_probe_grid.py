"""Plays a grid of another extension: one of the host's list, makes a copy of the job per text.

Its one argument is JSON: texts, of which the first is replaced by each in turn.
"""

from __future__ import annotations

import json
from copy import copy

import gradio as gr
from modules import processing, scripts


class ProbeGrid(scripts.Script):
    """Knows nothing of LoRAs; what it replaces may be a weight."""

    def title(self):
        return "LoRA Neg Probe Grid"

    def show(self, is_img2img):
        return True

    def ui(self, is_img2img):
        return [gr.Textbox(value="[]", visible=False, label="LoRA Neg Probe Grid")]

    def run(self, p, text):
        processing.fix_seed(p)
        done = []
        pieces = json.loads(text)
        for piece in pieces:
            cell = copy(p)
            cell.prompt = p.prompt.replace(pieces[0], piece)
            done.append(processing.process_images(cell))
        result = done[0]
        for other in done[1:]:
            result.images += other.images
            result.infotexts += other.infotexts
            result.all_prompts += other.all_prompts
            result.all_seeds += other.all_seeds
        return result
