"""The prompt language of A1111 and Forge: reading, searching and editing prompts.

The grammar, as the hosts read it, the first rule that fits::

    prompt      = part { " AND " part }                in the positive prompt
    part        = { item } [ ":" number ]              the number is the weight of the part
    item        = network | schedule | choice | emphasis | "BREAK" | opaque | escape | words
    network     = "<" type ":" name { ":" argument } ">"       argument = number | key "=" value
    schedule    = "[" [ part ":" ] part ":" number "]"         from, to, when (step, or share < 1)
    choice      = "[" part "|" part { "|" part } "]"           one after the other, step by step
    emphasis    = "(" item { item } [ ":" number ] ")"         × 1.1, or × the number
                | "[" item { item } "]"                        ÷ 1.1
    opaque      = what other tools write: "{a|b}", "__wildcard__", "# comment", "$$…$$", "<ppp:…>"
    escape      = "\\" ( "(" | ")" | "[" | "]" | "\\" )          a bracket that is only text
    words       = any other text; terms are what commas, full stops and new lines separate

Every string is a prompt: what fits no rule is words. Brackets that do not pair stay text
(`brackets`). A `Prompt` keeps the offset of everything, so an edit changes nothing beside it.
"""

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
