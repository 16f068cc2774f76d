"""The prompt language of A1111 and Forge: reading, searching and editing prompts.

The grammar, as the hosts read it; of several rules that fit, the first one holds::

    prompt   = part { "AND" part }                a negative prompt is one part
    part     = text [ ":" number ]                the number is the weight of the part
    text     = { opaque | network | schedule | choice | emphasis | "BREAK" | escape | words }
    opaque   = what other tools write: "# comment", "{a|b}", "__wildcard__", "<ppp:…>" …
    network  = "<" type ":" name { ":" [ key "=" ] value } ">"        in a negative prompt: words
    schedule = "[" [ text ":" ] text ":" number "]"     from, to, when: a step, or a share of them
    choice   = "[" text "|" text { "|" text } "]"       one after the other, step by step
    emphasis = "(" text [ ":" number ] ")"              × 1.1, or × the number
             | "[" text "]"                             ÷ 1.1
    escape   = "\\" ( "(" | ")" | "[" | "]" | "\\" )      a character that is only text
    words    = any other text; commas and new lines divide it into terms

"AND" and "BREAK" are whole words in capitals; "BREAK" begins a new chunk. Every string is a prompt:
what fits no rule is words. Brackets that do not pair stay text (`brackets`). A `Prompt` keeps the
offset of everything, so an edit changes nothing beside it.
"""

from .edits import Edit, apply_edits, compose
from .match import Match, find, find_any, find_negated, find_terms, negated_terms
from .negation import Negation, find_negations
from .nodes import Group, Leaf, write
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
