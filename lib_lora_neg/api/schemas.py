"""How the API describes itself (OpenAPI), without pydantic models."""

from __future__ import annotations

from typing import Any

from ..policy import DEFAULT_RULE_MODES, Effect, Field, Mode

_TEXT: dict[str, Any] = {"type": "string"}
_NUMBER: dict[str, Any] = {"type": "number"}
_FLAG: dict[str, Any] = {"type": "boolean"}
_TEXTS: dict[str, Any] = {"type": "array", "items": _TEXT}
_MODE: dict[str, Any] = {"type": "string", "enum": [mode.value for mode in Mode]}


def _object(required: tuple[str, ...] = (), **properties: Any) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "object", "properties": properties}
    return {**schema, "required": list(required)} if required else schema


def _nullable(schema: dict[str, Any]) -> dict[str, Any]:
    return {**schema, "nullable": True}


ERROR = _object(
    ("error",), error=_object(("code", "message"), code=_TEXT, message=_TEXT, field=_TEXT)
)

FINDING = _object(
    ("rule", "effect", "field", "before", "after", "reason"),
    rule=_TEXT,
    effect={"type": "string", "enum": [effect.value for effect in Effect]},
    field={"type": "string", "enum": [field.value for field in Field]},
    lora=_nullable(_TEXT),
    before=_TEXT,
    after=_TEXT,
    reason=_TEXT,
    evidence=_TEXTS,
    source=_TEXT,
    fix=_TEXT,
    loras=_TEXTS,
    moved=_FLAG,
    numbers={"type": "object", "additionalProperties": _NUMBER},
)

_ASKED = _object(
    ("prompt",),
    prompt=_TEXT,
    negative_prompt=_TEXT,
    cfg_scale={**_NUMBER, "default": 7.0},
    hires=_FLAG,
    hr_prompt=_TEXT,
    hr_negative_prompt=_TEXT,
    hr_cfg=_nullable(_NUMBER),
    styles=_TEXTS,
    guidance={**_TEXT, "description": "NAG, VSF or ONG where negative guidance is on, else Off"},
    family={
        **_TEXT,
        "description": "sd1, sdxl, flux …, or the name of a base model; the loaded checkpoint's "
        "if left out, an error if it is not known",
    },
    mode={**_MODE, "description": "the setting's if left out"},
    rules={
        "type": "object",
        "description": "rules with another mode than the setting's",
        "properties": dict.fromkeys(DEFAULT_RULE_MODES, _MODE),
    },
)

_CHECKED = _object(
    ("mode", "family", "changed", "findings"),
    mode=_MODE,
    family=_TEXT,
    family_assumed=_FLAG,
    changed=_FLAG,
    findings={"type": "array", "items": FINDING},
)
_GUARDED = _object(
    ("prompt", "negative_prompt", "cfg_scale", "changed", "findings"),
    **_CHECKED["properties"],
    prompt=_TEXT,
    negative_prompt=_TEXT,
    cfg_scale=_NUMBER,
    hr_prompt=_TEXT,
    hr_negative_prompt=_TEXT,
    hr_cfg=_nullable(_NUMBER),
)
_SHORT = _object(
    ("name", "type", "family"),
    name=_TEXT,
    alias=_TEXT,
    title=_TEXT,
    family=_TEXT,
    type=_TEXT,
    confidence=_NUMBER,
    guard_off=_FLAG,
)
_RANGE = _object(
    floor=_nullable(_NUMBER),
    ceiling=_nullable(_NUMBER),
    sweet_spot=_nullable({"type": "array", "items": _NUMBER}),
    source=_TEXT,
    reference=_TEXT,
)
_CARD = _object(
    ("name", "type", "family"),
    **_SHORT["properties"],
    reasons=_TEXTS,
    range=_nullable(_RANGE),
    triggers={
        "type": "array",
        "items": _object(text=_TEXT, source=_TEXT, confidence=_NUMBER),
    },
    algorithm=_TEXT,
    rank=_nullable({"type": "integer"}),
    text_encoder=_nullable(_FLAG),
    images=_nullable({"type": "integer"}),
    data_width=_TEXT,
    preferred_weight=_nullable(_NUMBER),
    activation_text=_TEXT,
    negative_text=_TEXT,
    problems={"type": "integer"},
    families_possible=_TEXTS,
)


def _json(schema: dict[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


def _described(
    summary: str, answer: dict[str, Any], errors: dict[int, str], **extra: Any
) -> dict[str, Any]:
    responses: dict[int, dict[str, Any]] = {
        status: {"description": text, "content": _json(ERROR)} for status, text in errors.items()
    }
    responses[200] = {"description": "OK", "content": _json(answer)}
    return {"summary": summary, "responses": responses, "openapi_extra": extra}


_BODY = {"required": True, "content": _json(_ASKED)}
_BODY_ERRORS = {
    400: "no JSON object",
    413: "body too large",
    415: "content type is not JSON",
    422: "a value has the wrong type or size",
}


def _query(name: str, text: str) -> dict[str, Any]:
    return {
        "name": name,
        "in": "query",
        "description": text,
        "schema": {"type": "integer", "minimum": 0},
    }


LIST = _described(
    "The LoRAs this host knows",
    _object(
        ("total", "loras"),
        total={"type": "integer"},
        offset={"type": "integer"},
        loras={"type": "array", "items": _SHORT},
    ),
    {422: "limit or offset is no number"},
    parameters=[_query("limit", "at most 500"), _query("offset", "LoRAs to leave out first")],
)
CARD = _described(
    "All that is known of one LoRA",
    _CARD,
    {404: "no such LoRA"},
    parameters=[{"name": "name", "in": "path", "required": True, "schema": _TEXT}],
)
CHECK = _described("What the guard sees in a request", _CHECKED, _BODY_ERRORS, requestBody=_BODY)
GUARD = _described(
    "What would be generated instead of a request", _GUARDED, _BODY_ERRORS, requestBody=_BODY
)

_EXPORTED = _object(
    ("findings",),
    findings={"type": "array", "items": FINDING},
    workflow={"type": "object", "description": "as ComfyUI's page opens it"},
    prompt={"description": "ComfyUI: the workflow as its server takes it; else the prompt"},
    changed=_FLAG,
    text={**_TEXT, "description": "the whole Midjourney prompt"},
    no=_TEXTS,
    negative_prompt=_TEXT,
)
_EXPORT_BODY = _object(
    ("to",),
    **_ASKED["properties"],
    to={**_TEXT, "enum": ["comfyui", "midjourney", "webui"]},
    infotext={
        **_TEXT,
        "description": "of a picture, in place of the texts: it tells seed, sampler, size …",
    },
    option={
        **_TEXT,
        "enum": ["A", "B"],
        "description": "a LoRA at a negative weight on the model, or in the negative text encode",
    },
    checkpoint={**_TEXT, "description": "file of the checkpoint in ComfyUI"},
)
EXPORT = _described(
    "A generation as a ComfyUI workflow or for Midjourney, or a Midjourney prompt back",
    _EXPORTED,
    _BODY_ERRORS,
    requestBody={"required": True, "content": _json(_EXPORT_BODY)},
)
