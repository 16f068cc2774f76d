"""The node pack as ComfyUI takes it: classes by their names, what is shown, where the page's
scripts lie. The names stand in people's workflows and never change."""

from __future__ import annotations

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
    from aiohttp import web
    from server import PromptServer

    server = getattr(PromptServer, "instance", None)
    if server is None:  # loaded by a program without a server
        return

    async def settings(request: Any) -> Any:
        del request
        return web.json_response(definitions())

    server.routes.get(ROUTE)(settings)
