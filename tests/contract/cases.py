"""Requests that every host must turn into the same findings and edits.

The LoRAs are those of tests/host/support/lora_files, so that a running WebUI can be asked too.
"""

from __future__ import annotations

from dataclasses import dataclass

from lib_lora_neg.loras.card import LoraCard
from lib_lora_neg.loras.families import ModelFamily
from lib_lora_neg.policy import Mode
from tests.host.support import lora_files as files
from tests.support.cards import card

SD1, SDXL, FLUX = ModelFamily.SD1, ModelFamily.SDXL, ModelFamily.FLUX


@dataclass(frozen=True)
class Case:
    """One request, and what is to be generated instead.

    Attributes:
        name: of the test.
        prompt: as asked for.
        negative: likewise.
        cfg: likewise.
        guarded: prompt, negative prompt and CFG scale that are used; ``None``: as asked for.
        enforced: rules that change something, in their order.
        family: of the checkpoint.
        mode: of the guard.
    """

    name: str
    prompt: str
    negative: str = "blurry, ugly"
    cfg: float = 5.0
    guarded: tuple[str, str, float] | None = None
    enforced: tuple[str, ...] = ()
    family: ModelFamily = SD1
    mode: Mode = Mode.ENFORCE

    @property
    def result(self) -> tuple[str, str, float]:
        """What is generated."""
        return self.guarded or (self.prompt, self.negative, self.cfg)


PLAIN = "blurry, ugly"


def _lora(name: str, *weights: str) -> str:
    return f"<lora:{':'.join([name, *weights])}>"


STYLE = _lora(files.STYLE, "-0.9")
STYLE_HELD = _lora(files.STYLE, "-0.5")
TRIGGER = files.STYLE_TRIGGER

CASES = (
    Case("nothing to do", "a cat, (red:1.2) [x|y]"),
    Case("style", f"a cat {STYLE}", guarded=(f"a cat {STYLE_HELD}", PLAIN, 5), enforced=("R1",)),
    Case("style in range", f"a cat {STYLE_HELD}"),
    Case(
        "style with text encoder apart",
        f"a cat {_lora(files.STYLE, '0.5', '-0.9')}",
        guarded=(f"a cat {_lora(files.STYLE, '0.5', '-0.5')}", PLAIN, 5),
        enforced=("R1",),
    ),
    Case(
        "concept",
        f"a cat {_lora(files.CONCEPT, '-1')}",
        guarded=(f"a cat {_lora(files.CONCEPT, '-0.3')}", PLAIN, 5),
        enforced=("R1",),
    ),
    Case(
        "character",
        f"a cat {_lora(files.CHARACTER, '-0.5')}",
        cfg=9,
        guarded=("a cat", PLAIN, 9),
        enforced=("R1",),
    ),
    Case(
        "dedicated negative",
        f"a cat {_lora(files.DEDICATED, '-1.4')}",
        guarded=(f"a cat {_lora(files.DEDICATED, '-1')}", PLAIN, 5),
        enforced=("R1",),
    ),
    Case("slider", f"a cat {_lora(files.SLIDER, '-3')}"),
    Case("unknown", f"a cat {_lora(files.UNKNOWN, '-0.9')}"),
    Case(
        "CFG beside a negative weight",
        f"a cat {STYLE_HELD}",
        cfg=9,
        guarded=(f"a cat {STYLE_HELD}", PLAIN, 6),
        enforced=("R3",),
    ),
    Case("CFG beside a positive weight", f"a cat {_lora(files.STYLE, '0.8')}", cfg=9),
    Case(
        "trigger in the negative",
        f"a cat {_lora(files.STYLE, '0.8')}",
        f"blurry, {TRIGGER}, ugly",
        guarded=(f"a cat {_lora(files.STYLE, '0.8')}", PLAIN, 5),
        enforced=("R2",),
    ),
    Case(
        "trigger in brackets",
        f"a cat {_lora(files.STYLE, '0.8')}",
        f"blurry, ({TRIGGER}:1.3), ugly",
        guarded=(f"a cat {_lora(files.STYLE, '0.8')}", PLAIN, 5),
        enforced=("R2",),
    ),
    Case("trigger beside a negative weight", f"a cat {STYLE_HELD}", f"blurry, {TRIGGER}"),
    Case(
        "trigger negative gets its word",
        f"a cat {_lora(files.WRONG, '1')}",
        guarded=(f"a cat {_lora(files.WRONG, '1')}", f"{PLAIN}, {files.WRONG_TRIGGER}", 5),
        enforced=("R2",),
    ),
    Case(
        "tag in the negative, also in the prompt",
        f"a cat {_lora(files.STYLE, '0.8')}",
        f"blurry, {_lora(files.STYLE, '1')}, ugly",
        guarded=(f"a cat {_lora(files.STYLE, '0.8')}", PLAIN, 5),
        enforced=("R8",),
    ),
    Case(
        "tag in the negative alone",
        "a cat",
        f"blurry, {_lora(files.STYLE, '0.9')}",
        guarded=(f"a cat {STYLE_HELD}", "blurry", 5),
        enforced=("R8", "R8", "R1"),
    ),
    Case(
        "the same LoRA twice",
        f"a cat {_lora(files.STYLE, '0.4')} {_lora(files.STYLE, '0.2')}",
        guarded=(f"a cat {_lora(files.STYLE, '0.6')}", PLAIN, 5),
        enforced=("R11a",),
    ),
    Case("an exempted LoRA", f"a cat {_lora(files.STYLE, '-0.9', 'guard=off')}", cfg=9),
    Case("not a number", f"a cat {_lora(files.STYLE, 'x')}"),
    Case("advise", f"a cat {STYLE}", f"blurry, {TRIGGER}", cfg=9, mode=Mode.ADVISE),
    Case("off", f"a cat {STYLE}", f"blurry, {TRIGGER}", cfg=9, mode=Mode.OFF),
    Case(
        "SDXL",
        f"a cat {STYLE}",
        "",
        9,
        (f"a cat {STYLE_HELD}", "", 6),
        ("R1", "R3"),
        SDXL,
    ),
    Case(
        "SDXL, the last negative word",
        f"a cat {_lora(files.STYLE, '0.8')}",
        TRIGGER,
        5,
        (f"a cat {_lora(files.STYLE, '0.8')}", "", 5),
        ("R2",),
        SDXL,
    ),
)


def cards(family: ModelFamily) -> dict[str, LoraCard]:
    """Return the cards of the LoRAs, for a checkpoint of this family."""
    kinds = {
        files.STYLE: ("style", (files.STYLE_TRIGGER,)),
        files.CONCEPT: ("concept", ()),
        files.CHARACTER: ("character", (files.CHARACTER_TRIGGER,)),
        files.DEDICATED: ("dedicated_negative", ()),
        files.WRONG: ("trigger_negative", (files.WRONG_TRIGGER,)),
        files.SLIDER: ("slider", ()),
    }
    known = {
        name: card(name, kind, triggers=triggers, family=family, confidence=1.0)
        for name, (kind, triggers) in kinds.items()
    }
    known[files.UNKNOWN] = card(files.UNKNOWN, "unknown", confidence=0.0, family=family)
    return known
