"""Category words of model pages, ``modelspec.tags`` and folders, and the types they mean."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from ...sentences import say
from ..card import LoraType, TypeInference

CATEGORY_TYPES: Mapping[str, LoraType] = MappingProxyType(
    {
        **dict.fromkeys(("character", "characters", "celebrity"), LoraType.CHARACTER),
        **dict.fromkeys(("style", "styles"), LoraType.STYLE),
        **dict.fromkeys(("concept", "concepts", "clothing", "poses", "action"), LoraType.CONCEPT),
        **dict.fromkeys(("objects", "object", "vehicle", "vehicles"), LoraType.CONCEPT),
        **dict.fromkeys(("buildings", "background", "backgrounds"), LoraType.CONCEPT),
        **dict.fromkeys(("animal", "animals", "assets", "tool"), LoraType.CONCEPT),
        **dict.fromkeys(("slider", "sliders"), LoraType.SLIDER),
    }
)
"""Upload categories of Civitai and what they mean.

``anime``, ``realistic`` and ``toon`` are missing on purpose: most such pages are characters.
"""

_PERSONS = (
    "person",
    "real person",
    "actress",
    "actor",
    "celebrities",
    "celeb",
    "celebs",
    "singer",
    "porn star",
    "instagram model",
    "influencer",
    "youtuber",
    "streamer",
    "model",
    "idol",
    "anime character",
    "game character",
    "video game character",
    "movie character",
    "cartoon character",
    "fictional character",
    "original character",
    "oc",
    "vtuber",
    "virtual youtuber",
    "vtuber character",
    "characterpack",
    "girlpack",
    "cosplay",
)
_FOLDERS: Mapping[str, LoraType] = MappingProxyType(
    {
        **CATEGORY_TYPES,
        **dict.fromkeys(
            ("char", "chars", "people", "persons", "person", "celebs", "celebrities", "actors"),
            LoraType.CHARACTER,
        ),
        **dict.fromkeys(("artist", "artists", "artstyle", "art styles"), LoraType.STYLE),
        **dict.fromkeys(
            ("clothes", "outfits", "outfit", "pose", "items", "tools", "backgrounds", "scenes"),
            LoraType.CONCEPT,
        ),
        **dict.fromkeys(("negative", "negatives", "neg"), LoraType.DEDICATED_NEGATIVE),
        **dict.fromkeys(
            ("accelerator", "accelerators", "acceleration", "speed", "speedup", "lcm", "dmd2"),
            LoraType.ACCELERATOR,
        ),
    }
)

CATEGORY = 0.93
PERSON = 0.9
MIXED = 0.75
FOLDER = 0.85


def type_of_categories(tags: Iterable[str], source: str) -> TypeInference | None:
    """Return the type that category tags mean; a character outranks whatever stands beside it."""
    present = list(dict.fromkeys(tag.strip().lower() for tag in tags))
    types = {tag: CATEGORY_TYPES[tag] for tag in present if tag in CATEGORY_TYPES}
    found = set(types.values())
    if LoraType.SLIDER in found:
        return _say(LoraType.SLIDER, 0.95, types, source)
    if LoraType.CHARACTER in found:
        return _say(LoraType.CHARACTER, CATEGORY, types, source)
    person = next((tag for tag in present if tag in _PERSONS), "")
    if found == {LoraType.STYLE, LoraType.CONCEPT}:
        # The narrower range of the two is the safe reading.
        return _say(LoraType.CONCEPT, MIXED, types, source)
    if len(found) == 1:
        kind = found.pop()
        confidence = MIXED if person and person != "model" else CATEGORY
        return _say(kind, confidence, types, source)
    if person and person != "model":
        return _say(LoraType.CHARACTER, PERSON, {person: LoraType.CHARACTER}, source)
    return None


def _say(
    kind: LoraType, confidence: float, types: Mapping[str, LoraType], source: str
) -> TypeInference:
    words = ", ".join(tag for tag, meaning in types.items() if meaning is kind)
    return TypeInference(kind, confidence, (say("category tags: {tags}", tags=words),))


def type_of_folder(folder: str) -> TypeInference | None:
    """Return the type after which the user named the folder."""
    kind = _FOLDERS.get(folder.strip().lower().replace("_", " ").replace("-", " "))
    return (
        TypeInference(kind, FOLDER, (say("lies in the folder “{folder}”", folder=folder),))
        if kind
        else None
    )
