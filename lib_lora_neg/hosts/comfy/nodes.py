"""The node pack as ComfyUI takes it: classes by their names, what is shown, where the page's
scripts lie. The names stand in people's workflows and never change."""

from __future__ import annotations

import sys
from typing import Any

from .node_card import LoraCardNode
from .node_loader import GuardedLoraLoader
from .node_prompts import GuardPrompts
from .node_scan import WeightScan
from .node_stack import GuardLoraStack
from .settings import definitions

NODE_CLASS_MAPPINGS = {
    "NegGuardPrompts": GuardPrompts,
    "NegGuardLoraLoader": GuardedLoraLoader,
    "NegGuardLoraStack": GuardLoraStack,
    "NegGuardLoraCard": LoraCardNode,
    "NegGuardWeightScan": WeightScan,
}
NODE_DISPLAY_NAME_MAPPINGS = {
    "NegGuardPrompts": "Guard prompts",
    "NegGuardLoraLoader": "Guarded LoRA Loader",
    "NegGuardLoraStack": "Guard LoRA stack",
    "NegGuardLoraCard": "LoRA card",
    "NegGuardWeightScan": "Weight scan of a LoRA",
}
WEB_DIRECTORY = "./lib_lora_neg/hosts/comfy/web"

ROUTE = "/lora-neg/comfy/settings"


def start() -> None:
    """Tell ComfyUI's server what the page asks for."""
    # A program that uses ComfyUI's nodes without its server has not imported it.
    module = sys.modules.get("server")
    server = getattr(getattr(module, "PromptServer", None), "instance", None)
    if server is None:
        return
    from aiohttp import web

    async def settings(request: Any) -> Any:
        del request
        return web.json_response(definitions())

    server.routes.get(ROUTE)(settings)
