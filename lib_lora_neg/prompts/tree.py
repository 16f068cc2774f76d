"""The parsed prompt."""

from __future__ import annotations

from functools import cached_property
from typing import NamedTuple

from .match import TermIndex
from .nodes import PromptNode, build_nodes, read_leaves, with_spaces
from .opaque import blank_comments, find_comments, find_opaque, find_replaced, is_suspect
from .source import VisibleText
from .spans import Spans, merge, overlapping
from .tags import NetworkTag, match_tags, read_tag
from .terms import Term, TermLayout, lay_out

_NO_TOOLS: frozenset[str] = frozenset()


class Span(NamedTuple):
    """A piece of a text, by offsets."""

    start: int
    end: int


class Prompt:
    """A prompt as the host reads it, with offsets into the user's text; see `parse`.

    What is costly is read on first use. Treat it as frozen.

    Attributes:
        text: the very string that was parsed.
        negative: it is a negative prompt.
        emphasis: brackets mean attention on this host.
        tools: names of the active prompt tools.
        full_stops: a full stop ends a term.
    """

    def __init__(
        self,
        text: str,
        negative: bool,
        emphasis: bool,
        tools: frozenset[str],
        full_stops: bool = False,
    ) -> None:
        self.text = text
        self.negative = negative
        self.emphasis = emphasis
        self.tools = tools
        self.full_stops = full_stops
        self._suspect = is_suspect(text)

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"Prompt({self.text!r}, negative={self.negative})"

    @cached_property
    def comments(self) -> Spans:
        """``#`` to the end of the line: the host never sees it."""
        return find_comments(self.text) if self._suspect and "#" in self.text else ()

    @cached_property
    def tags(self) -> tuple[NetworkTag, ...]:
        """The extra-network tags, in order. In a negative prompt they are text to the host."""
        if "<" not in self.text:
            return ()
        tags = [read_tag(match, self.tools) for match in match_tags(self.text)]
        if self._suspect:
            tags = [tag for tag in tags if self._is_live(tag)]
            resolvable = self._resolvable
            tags = [_other_tools(tag, overlapping(resolvable, tag.start, tag.end)) for tag in tags]
        return tuple(tags)

    def _is_live(self, tag: NetworkTag) -> bool:
        if tag.type == "ppp":
            return False
        return not overlapping(self.comments, tag.start, tag.end)

    @cached_property
    def _resolvable(self) -> Spans:
        """Spans of the user's text that another tool replaces, tags in them included."""
        return find_replaced(blank_comments(self.text))

    @cached_property
    def source(self) -> VisibleText:
        """The text that the host's own parsers get."""
        hidden = list(self.comments)
        if not self.negative:
            hidden += [(tag.start, tag.end) for tag in self.tags]
        return VisibleText(self.text, merge(hidden))

    @cached_property
    def clean_opaque(self) -> Spans:
        """Spans of other tools, as offsets into the clean text of `source`."""
        return find_opaque(self.source.clean) if self._suspect else ()

    @cached_property
    def opaque(self) -> tuple[Span, ...]:
        """Spans of other tools and comments, never edited."""
        source = self.source
        spans = [(source.start(start), source.end(end)) for start, end in self.clean_opaque]
        return tuple(Span(*span) for span in merge([*spans, *self.comments]))

    @cached_property
    def layout(self) -> TermLayout:
        """The terms and all that stands between them."""
        solid: Spans = ()
        if self.negative and self.tags:
            # A comment shifts the clean text: find the tags there anew.
            clean = self.source.clean
            found = merge(match.span() for match in match_tags(clean))
            solid = tuple(span for span in found if not overlapping(self.clean_opaque, *span))
        return lay_out(
            self.source, self.negative, self.emphasis, self.clean_opaque, solid, self.full_stops
        )

    @cached_property
    def nodes(self) -> tuple[PromptNode, ...]:
        """The whole text as a tree; `write` prints it back."""
        return build_nodes(with_spaces(read_leaves(self), len(self.text)))

    @cached_property
    def index(self) -> TermIndex:
        """The terms, ready to be searched; see `find`."""
        return TermIndex(self.text, self.layout, self.source.hidden)

    @property
    def terms(self) -> tuple[Term, ...]:
        """The leaf terms, in order."""
        return self.layout.terms


def _other_tools(tag: NetworkTag, spans: Spans) -> NetworkTag:
    """The tag as it is where ``spans`` of other tools meet it."""
    if not spans:
        return tag
    name_end = tag.end - 1 - len(":".join(tag.items[1:]))
    inside = all(tag.start < start and end <= name_end for start, end in spans)
    return tag._replace(editable=False, literal=tag.literal and inside)


def parse(
    text: str,
    *,
    negative: bool = False,
    emphasis: bool = True,
    tools: frozenset[str] = _NO_TOOLS,
    full_stops: bool = False,
) -> Prompt:
    """Read a prompt; any string is one.

    Args:
        text: the prompt, styles merged.
        negative: it is a negative prompt: ``AND`` and extra-network tags are plain text.
        emphasis: whether brackets mean attention (``opts.emphasis`` is not ``None``).
        tools: names of the active prompt tools. With ``lora-block-weight`` a word in a weight's
            place is a preset, and the weight its default; name it only for hosts whose loader
            lets words pass.
        full_stops: whether a full stop before white space ends a term, as a comma does. The
            host has no terms, so this is only about what people mean by theirs.
    """
    return Prompt(text, negative, emphasis, tools, full_stops)
