"""Prompts for property tests: any text, and text rich in what the prompt language reads."""

from __future__ import annotations

from hypothesis import strategies as st

from lib_lora_neg.prompts.tags import match_tags

WORDS = ("trigger", "cat", "blue hat", "a_b", "lowres", "x y z", "Trigger", "1.2", "\\(c\\)", "猫")
MARKS = (
    "(", ")", "[", "]", ":", "|", ",", ", ", " ", "\n", "\\", "，", "BREAK", " BREAK ", " AND ",
    ":1.2)", ":0.5]", ":3]", "#", "{", "}", "__", "<lora:x:1>", "<lora:x y:-0.5:lbw=A>", "<", ">",
    "<lyco:é:0@0,1@1>", "${a=b}", "<ppp:stn>", "<ppp:/stn>", "<!", "!>", "AND_PERP", "ADDCOMM",
)  # fmt: skip


def rough() -> st.SearchStrategy[str]:
    """Anything at all, with a taste for the language's own characters."""
    piece = st.one_of(st.sampled_from(WORDS), st.sampled_from(MARKS), st.text(max_size=4))
    return st.one_of(st.text(), st.lists(piece, max_size=16).map("".join))


def _groups(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    row = st.lists(inner, min_size=1, max_size=4).flatmap(
        lambda items: st.sampled_from((", ", ",", " ", "\n", ",\n")).map(lambda s: s.join(items))
    )
    empty_or = st.one_of(st.just(""), row)
    return st.one_of(
        row,
        row.map("({})".format),
        row.map("[{}]".format),
        st.tuples(row, st.sampled_from(("1.2", "0.5", " 1.3 ", "0"))).map(
            lambda t: f"({t[0]}:{t[1]})"
        ),
        st.tuples(empty_or, row, st.sampled_from(("3", "0.5", " 4 "))).map(
            lambda t: f"[{t[0]}:{t[1]}:{t[2]}]"
        ),
        st.tuples(row, st.sampled_from((":", "::"))).map(lambda t: f"[{t[0]}{t[1]}0.25]"),
        st.lists(empty_or, min_size=2, max_size=3).map(lambda items: f"[{'|'.join(items)}]"),
    )


def prompts() -> st.SearchStrategy[str]:
    """Well-formed prompts, with the word ``trigger`` in many of them."""
    word = st.sampled_from(("trigger", "trigger", *WORDS, "a trigger b", "<lora:x:1>"))
    body = st.recursive(word, _groups, max_leaves=8)
    return st.lists(body, min_size=1, max_size=5).flatmap(
        lambda items: st.sampled_from((", ", ",", "\n", " BREAK ", " AND ", " ", "")).map(
            lambda s: s.join(items)
        )
    )


def without_networks(text: str) -> str:
    """``text`` as the host goes on with it: without its tags, what stood around them joined."""
    pieces, position = [], 0
    for match in match_tags(text):
        pieces.append(text[position : match.start()])
        position = match.end()
    return "".join(pieces) + text[position:]
