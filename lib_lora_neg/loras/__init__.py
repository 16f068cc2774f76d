"""From bytes to a `LoraCard`: headers, metadata, sidecars, key families, type inference."""

from .build import build_card, read_any_card, read_card
from .card import (
    DataWidth,
    LoraCard,
    LoraParts,
    LoraType,
    RangeSource,
    ScanBracket,
    TagTable,
    TagTableKind,
    Trigger,
    TypeInference,
    WeightRange,
)
from .decisions import OWN_KEY, Decision, read_decision, write_decision
from .families import ModelFamily
from .reading.header import Header, LoraFileError, read_header
from .reading.side_facts import SideFacts
from .reading.sidecars import read_side_files
from .reading.tensors import TensorInfo
from .tagtable import TagGrade, grade_tag
from .vocabulary import is_common_tag, is_descriptive_tag, is_generic_word, normalise_tag

__all__ = [
    "OWN_KEY",
    "DataWidth",
    "Decision",
    "Header",
    "LoraCard",
    "LoraFileError",
    "LoraParts",
    "LoraType",
    "ModelFamily",
    "RangeSource",
    "ScanBracket",
    "SideFacts",
    "TagGrade",
    "TagTable",
    "TagTableKind",
    "TensorInfo",
    "Trigger",
    "TypeInference",
    "WeightRange",
    "build_card",
    "grade_tag",
    "is_common_tag",
    "is_descriptive_tag",
    "is_generic_word",
    "normalise_tag",
    "read_any_card",
    "read_card",
    "read_decision",
    "read_header",
    "read_side_files",
    "write_decision",
]
