"""The prompt language of A1111 and Forge: reading, searching and editing prompts."""

from .edits import Edit, apply_edits, compose
from .match import Match, find, find_any, find_negated, find_terms, negated_terms
from .negation import Negation, find_negations
from .nodes import Group, Leaf, enclosing, write
from .normal import bare, normalise, split_origin
from .rewrite import Rewrite
from .tags import NetworkTag, Weight, format_number, format_tag
from .terms import Term
from .tree import Prompt, Span, parse

__all__ = [
    "Edit",
    "Group",
    "Leaf",
    "Match",
    "Negation",
    "NetworkTag",
    "Prompt",
    "Rewrite",
    "Span",
    "Term",
    "Weight",
    "apply_edits",
    "bare",
    "compose",
    "enclosing",
    "find",
    "find_any",
    "find_negated",
    "find_negations",
    "find_terms",
    "format_number",
    "format_tag",
    "negated_terms",
    "normalise",
    "parse",
    "split_origin",
    "write",
]
