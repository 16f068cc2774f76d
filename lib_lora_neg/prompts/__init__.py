"""The prompt language of A1111 and Forge: reading, searching and editing prompts."""

from .edits import Edit, apply_edits
from .match import Match, find, find_any
from .normal import normalise
from .rewrite import Rewrite
from .tags import NetworkTag, Weight, format_number, format_tag
from .terms import Term
from .tree import Prompt, Span, parse

__all__ = [
    "Edit",
    "Match",
    "NetworkTag",
    "Prompt",
    "Rewrite",
    "Span",
    "Term",
    "Weight",
    "apply_edits",
    "find",
    "find_any",
    "format_number",
    "format_tag",
    "normalise",
    "parse",
]
