"""Removing terms: what must be left."""

from __future__ import annotations

import pytest

from lib_lora_neg.prompts import Rewrite, apply_edits, find, parse

REMOVALS = [
    # slots
    ("a, trigger, b", "a, b"),
    ("trigger, a", "a"),
    ("a, trigger", "a"),
    ("a, trigger,", "a,"),
    ("trigger", ""),
    ("a,trigger,b", "a,b"),
    ("a, Trigger , b", "a, b"),
    ("a, trigger, trigger, b", "a, b"),
    ("trigger, trigger", ""),
    ("a，trigger，b", "a，b"),
    ("a、trigger", "a"),
    # a bar that divides no alternation
    ("a | trigger", "a"),
    ("trigger | a, b", "a, b"),
    ("a | trigger | b", "a | b"),
    ("a | trigger, b", "a, b"),
    ("(a | trigger:1.2) c", "(a:1.2) c"),
    ("a|trigger", "a"),
    ("a | trigger, [b:c:0.5]", "a |, [b:c:0.5]"),
    ("a | trigger AND [b:c:0.5]", "a | AND [b:c:0.5]"),
    # lines
    ("a,\ntrigger,\nb", "a,\nb"),
    ("a, trigger\nb", "a\nb"),
    ("a\ntrigger, b", "a\nb"),
    ("a\n\ntrigger\n\nb", "a\n\nb"),
    ("a,\ntrigger", "a"),
    # groups
    ("(a, trigger, b:1.2)", "(a, b:1.2)"),
    ("(a, trigger:1.2)", "(a:1.2)"),
    ("(trigger, a:1.2)", "(a:1.2)"),
    ("x, (trigger:1.3), y", "x, y"),
    ("x, ((trigger)), y", "x, y"),
    ("x, (trigger, trigger:1.3), y", "x, y"),
    ("x, [trigger], y", "x, y"),
    ("(trigger:1.3)", ""),
    ("((a), trigger:1.2)", "((a):1.2)"),
    ("foo(trigger)bar", "foo bar"),
    ("foo (trigger) bar", "foo bar"),
    ("(a) trigger (b)", "(a) (b)"),
    ("((a, trigger", "((a"),
    ("a, (trigger, b", "a, (b"),
    ("a), trigger, b", "a), b"),
    ("(a, trigger)(b)", "(a )(b)"),
    ("(b)(trigger, a)", "(b)( a)"),
    ("((a, trigger)), (b)", "((a)), (b)"),
    ("trigger trigger", ""),
    # choices
    ("[trigger:b:0.5]", "[:b:0.5]"),
    ("[a:trigger:0.5]", "[a::0.5]"),
    ("[trigger|b]", "[|b]"),
    ("[a|trigger|b]", "[a||b]"),
    ("x, [trigger:0.5], y", "x, y"),
    ("x, [trigger::0.5], y", "x, y"),
    ("x, [trigger|trigger], y", "x, y"),
    ("[a, trigger:b:0.5]", "[a:b:0.5]"),
    ("[(trigger:1.3):b:0.5]", "[:b:0.5]"),
    ("[trigger, a|b]", "[a|b]"),
    ('[trigger|b]"c"', '[|b]"c"'),
    ("(y)[trigger|b]", "(y)[|b]"),
    ("(y)[a|trigger]", "(y)[a|]"),
    ("(a, [trigger])b", "(a )b"),
    ("b([trigger:0.5], a)", "b( a)"),
    ("[b:(a, trigger)c:3]", "[b:(a )c:3]"),
    ("((trigger) trigger), a", "a"),
    ("x, (((trigger))), y", "x, y"),
    ("x, [((trigger:1.2)), a], y", "x, [a], y"),
    ("b, (a, trigger) c", "b, (a) c"),
    ("a , trigger, b", "a , b"),
    ("ab , trigger", "ab"),
    (",trigger , ", " , "),
    (", ]trigger , ", ", ] , "),
    # borders
    ("a, trigger BREAK b", "a BREAK b"),
    ("a, trigger, BREAK b", "a, BREAK b"),
    ("a BREAK trigger, b", "a BREAK b"),
    ("a BREAK trigger BREAK b", "a BREAK BREAK b"),
    ("a BREAK trigger", "a BREAK"),
    ("a AND trigger AND b", "a AND AND b"),
    ("a, trigger :1.2 AND b", "a :1.2 AND b"),
    # prose
    ("photo of trigger in a park", "photo of in a park"),
    ("trigger in a park", "in a park"),
    ("a photo of trigger", "a photo of"),
    ("a photo of trigger, b", "a photo of, b"),
    # tags keep their place
    ("a, trigger <lora:x:1>, b", "a, <lora:x:1> b"),
    ("a, trigger <lora:x:1>", "a <lora:x:1>"),
    ("trigger <lora:x:1>, b", "<lora:x:1> b"),
    ("a, <lora:x:1>, trigger, b", "a, <lora:x:1>, b"),
    ("trigger<lora:x:1>", "<lora:x:1>"),
    # comments
    ("a, trigger # trigger\nb", "a # trigger\nb"),
    ("trigger, # c\n, d", "# c\n, d"),
    ("d, # c\n, trigger", "d, # c"),
    ("a, trigger, # c\n, d", "a, # c\n, d"),
    ("a, trigger, # c\n, <lora:x:1>, d", "a, # c\n, <lora:x:1>, d"),
    # kept apart from what is not the term
    ("lifestyle, anime-trigger, trigger's, triggers, xtrigger", None),
    ("{trigger|b}, __trigger__, ${x=trigger}, (trigger:-1), # trigger", None),
    ("[trigger:b:c:0.5]", None),
    ("pre[trigger|b]", None),
]


@pytest.mark.parametrize(("given", "expected"), REMOVALS)
def test_remove(given: str, expected: str | None) -> None:
    tree = parse(given)
    rewrite = Rewrite(tree)
    for match in find(tree, "trigger"):
        rewrite.remove(match)
    result = apply_edits(given, rewrite.edits())
    if expected is None:
        assert result is given
    else:
        assert result == expected
        assert rewrite.refused == ()
        assert find(parse(result), "trigger") == ()


def test_a_removal_that_would_change_the_rest_is_refused() -> None:
    tree = parse("a, clip skip: 2, trigger")
    rewrite = Rewrite(tree)
    rewrite.remove(tree.terms[-1])
    assert rewrite.edits() == ()
    assert rewrite.refused == (tree.terms[-1],)


def test_terms_of_others_cannot_be_removed() -> None:
    tree = parse("(trigger:-1)")
    with pytest.raises(ValueError, match="not editable"):
        Rewrite(tree).remove(tree.terms[0])
