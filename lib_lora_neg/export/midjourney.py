"""Prompts of the WebUI as Midjourney takes them, and back.

Midjourney has no negative prompt and no LoRAs: ``--no a, b, c`` bans words, each as if it stood in
the prompt with weight −0.5. What cannot be said there is left out and named in a finding.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..loras.card import LoraCard, LoraType
from ..policy import CardLookup, Effect, Field, Finding
from ..policy.rules import r9_negation
from ..policy.rules.r2b_core_terms import CORE_SOURCE
from ..prompts import (
    NetworkTag,
    Prompt,
    Rewrite,
    apply_edits,
    bare,
    find_negations,
    normalise,
    parse,
)
from ..sentences import Sentence, say
from .core_tags import core_tags
from .midjourney_prompt import PlainPrompt, plain_words
from .midjourney_reasons import LEFT_OUT, why
from .midjourney_text import (
    Parameter,
    read_prompt,
    without_no,
    write_prompt,
)
from .midjourney_words import JudgedTerm, TermVerdict, has_loose_weight, judge, stem, words_of

SOURCE = "Midjourney documentation: the No parameter"


@dataclass(frozen=True)
class MidjourneyPrompt:
    """A prompt for Midjourney.

    Attributes:
        text: what to paste, parameters included.
        prompt: its words alone.
        no: the words behind ``--no``, in order.
        findings: what was changed or left out, and why.
    """

    text: str
    prompt: str
    no: tuple[str, ...]
    findings: tuple[Finding, ...]


def to_midjourney(
    prompt: str,
    negative_prompt: str,
    cards: CardLookup | None = None,
    loras: Sequence[LoraCard] = (),
    embeddings: Iterable[str] = (),
) -> MidjourneyPrompt:
    """Translate a prompt and a negative prompt; any text is accepted.

    Args:
        prompt: with its tags; parameters of Midjourney in it are kept.
        negative_prompt: as typed.
        cards: of the LoRAs that the texts name. One of negative weight, or in the negative
            prompt, bans its core tags.
        loras: more LoRAs whose core tags are banned.
        embeddings: names of textual-inversion embeddings.
    """
    return _Translation(cards, frozenset(map(normalise, embeddings))).run(
        prompt, negative_prompt, loras
    )


class _Translation:
    """One translation; what it finds and bans, in order."""

    def __init__(self, cards: CardLookup | None, embeddings: frozenset[str]) -> None:
        self.cards = cards
        self.embeddings = embeddings
        self.findings: list[Finding] = []
        self.no: dict[str, None] = {}
        self.wanted: frozenset[str] = frozenset()
        self.triggers: set[str] = set()
        self.left_out: dict[TermVerdict, list[str]] = {}

    def run(self, prompt: str, negative: str, loras: Sequence[LoraCard]) -> MidjourneyPrompt:
        given = read_prompt(prompt)
        words, nouns, plain, tags = self._prompt(given.words)
        tree = parse(without_no(negative), negative=True)
        self.wanted = frozenset(stem(word) for word in words_of(words))
        shunned = self._loras(tags, tree.tags, loras)
        for term in given.no:
            self._term(term, normalise(term), Field.PROMPT)
        for noun in nouns:
            self._term(noun, normalise(noun), Field.PROMPT)
        for term_of_prompt in plain.negative:
            self._term(term_of_prompt.key, term_of_prompt.key, Field.PROMPT)
        self._negative(tree)
        for card in shunned:
            self._core(card)
        self._name_left_out()
        no = tuple(self.no)
        self._closing(no, given.others)
        return MidjourneyPrompt(
            write_prompt(words, no, given.others), words, no, tuple(self.findings)
        )

    def _prompt(
        self, text: str
    ) -> tuple[str, tuple[str, ...], PlainPrompt, tuple[NetworkTag, ...]]:
        """Return the prompt's words, what it negates, its syntax and its tags."""
        tree = parse(text)
        tags = tree.tags
        nouns: list[str] = []
        found = find_negations(tree)
        if found:
            rewrite = Rewrite(tree)
            for negation in found:
                rewrite.remove(negation.match)
            edits = rewrite.edits()
            for negation in found:
                refused = negation.match in rewrite.refused
                self._negation(text[negation.start : negation.end], negation.nouns, refused)
                if not refused:
                    nouns += negation.nouns
            tree = parse(apply_edits(text, edits))
        plain = plain_words(tree)
        self._syntax(Field.PROMPT, plain.weighted, plain.scheduled, plain.foreign, plain.borders)
        return plain.text, tuple(dict.fromkeys(nouns)), plain, tags

    def _negation(self, before: str, nouns: tuple[str, ...], refused: bool) -> None:
        named = ", ".join(nouns)
        self._say(
            r9_negation.RULE.id,
            Field.PROMPT,
            before,
            before if refused else f"--no {named}",
            say("models read the noun and draw it: {things} belongs behind --no", things=named),
            effect=Effect.ADVISED if refused else Effect.ENFORCED,
        )

    def _loras(
        self,
        tags: tuple[NetworkTag, ...],
        negative_tags: tuple[NetworkTag, ...],
        loras: Sequence[LoraCard],
    ) -> list[LoraCard]:
        """Name the tags, note the triggers, and return the LoRAs whose style is unwanted."""
        shunned = {card.path: card for card in loras}
        for field, some in ((Field.PROMPT, tags), (Field.NEGATIVE, negative_tags)):
            for tag in some:
                card = self.cards.get(tag.name) if self.cards and tag.is_lora else None
                if card is not None:
                    self.triggers.update(normalise(trigger.text) for trigger in card.triggers)
                weights = [weight for weight in (tag.te.minimum, tag.unet.minimum) if weight]
                negative = field is Field.NEGATIVE or min(weights, default=0.0) < 0
                helps = card is not None and card.inference.type is LoraType.TRIGGER_NEGATIVE
                if card is not None and negative and not helps:
                    shunned[card.path] = card
                self._tag(tag, field, card, negative and not helps)
        for card in shunned.values():
            self.triggers.update(normalise(trigger.text) for trigger in card.triggers)
        return list(shunned.values())

    def _tag(self, tag: NetworkTag, field: Field, card: LoraCard | None, negative: bool) -> None:
        written = f"<{tag.type}:{':'.join(tag.items)}>"
        reason = say("Midjourney loads no LoRA")
        if negative and card is not None:
            reason = say("Midjourney loads no LoRA: the core of what this one learnt is banned")
        elif negative:
            reason = say("Midjourney loads no LoRA, and what this one learnt is not known")
        self._say("MJ-lora", field, written, "", reason, lora=tag.name)

    def _negative(self, tree: Prompt) -> None:
        plain = [tree.text[span.start : span.end] for span in tree.opaque]
        comments = {tree.text[start:end] for start, end in tree.comments}
        foreign = [text for text in plain if text not in comments]
        terms = tree.terms
        borders = [
            tree.text[piece.start : piece.end].strip()
            for piece in tree.layout.pieces
            if piece.mark.name in ("BREAK", "KEYWORD")
        ]
        text = tree.text
        self._syntax(
            Field.NEGATIVE,
            [
                text[term.start : term.end]
                for term in terms
                if term.weight not in (0.0, 1.0) or has_loose_weight(term.key)
            ],
            [text[term.start : term.end] for term in terms if term.scheduled],
            foreign,
            borders,
        )
        for term in terms:
            written = text[term.start : term.end]
            if term.weight <= 0:
                reason = say("its weight in the negative prompt asks for it")
                self._say("MJ-weight", Field.NEGATIVE, written, "", reason)
            elif not term.editable:
                reason = say("another tool decides what stands there")
                self._say("MJ-syntax", Field.NEGATIVE, written, "", reason)
            else:
                self._term(written, term.key, Field.NEGATIVE)

    def _term(self, written: str, key: str, field: Field) -> None:
        if bare(key) in self.triggers:
            reason = say("the trigger word of a LoRA: Midjourney does not know it")
            self._say("MJ-trigger", field, written, "", reason)
            return
        judged = judge(key, self.wanted, self.embeddings)
        if judged.verdict in LEFT_OUT:
            self.left_out.setdefault(judged.verdict, []).append(written)
            return
        self._words(written, judged, field)
        self.no.update(dict.fromkeys(judged.words))

    def _words(self, written: str, judged: JudgedTerm, field: Field) -> None:
        after = ", ".join(judged.words)
        if judged.verdict is TermVerdict.KEPT or (len(judged.words) == 1 and not judged.dropped):
            if judged.wanted:
                reason = say("the prompt asks for it too: Midjourney would weigh both")
                self._say("MJ-conflict", field, written, after, reason, effect=Effect.ADVISED)
            elif judged.verdict is TermVerdict.REPLACED and normalise(written) != after:
                reason = say("Midjourney parses each word alone: one word that says the same")
                self._say("MJ-words", field, written, after, reason)
            return
        self._say("MJ-words", field, written, after, why(judged))

    def _core(self, card: LoraCard) -> None:
        core = core_tags(card)
        before = set(self.no)
        for tag in core.tags:
            self._term(tag, normalise(tag), Field.NEGATIVE)
        added = [word for word in self.no if word not in before]
        if not core.tags:
            reason = say("nothing is known of what stands on 90 % of its captions or more")
            self._say("MJ-core", Field.NEGATIVE, "", "", reason, Effect.ADVISED, lora=card.name)
            return
        evidence = tuple(
            say("{word} on {share} of the captions", word=repr(tag), share=f"{share:.0%}")
            for tag, share in zip(core.tags, core.shares, strict=True)
        )
        reason = say("the core of what {lora} was trained on, banned word by word", lora=card.name)
        self._say(
            "MJ-core",
            Field.NEGATIVE,
            "",
            ", ".join(added),
            reason,
            lora=card.name,
            evidence=evidence,
            source=CORE_SOURCE,
        )

    def _syntax(
        self,
        field: Field,
        weighted: Sequence[str],
        scheduled: Sequence[str],
        foreign: Sequence[str],
        borders: Sequence[str],
    ) -> None:
        no = field is Field.NEGATIVE
        if weighted:
            reason = (
                say("--no knows no weights: each word counts as −0.5")
                if no
                else say("weights are dropped: brackets are plain text to Midjourney")
            )
            self._say("MJ-weight", field, _named(weighted), _named(weighted), reason)
        if scheduled:
            reason = say("Midjourney has no schedules: the words hold for the whole picture")
            self._say("MJ-syntax", field, _named(scheduled), _named(scheduled), reason)
        if foreign:
            reason = say("the syntax of another tool is left out")
            self._say("MJ-syntax", field, _named(foreign), "", reason)
        if borders:
            reason = say("Midjourney knows no such keyword: a comma stands there")
            self._say("MJ-syntax", field, _named(borders), ",", reason)

    def _name_left_out(self) -> None:
        for verdict, terms in self.left_out.items():
            self._say(
                f"MJ-{verdict.value}", Field.NEGATIVE, _named(terms), "", say(LEFT_OUT[verdict])
            )

    def _closing(self, no: tuple[str, ...], others: tuple[Parameter, ...]) -> None:
        if not no:
            return
        written = "--no " + ", ".join(no)
        self._say(
            "MJ-strength",
            Field.NEGATIVE,
            written,
            written,
            say(
                "--no is the same as a part of the prompt of weight −0.5: "
                "it pushes away, it does not forbid"
            ),
            Effect.ADVISED,
        )
        for parameter in others:
            if parameter.name in ("sref", "sv", "sw"):
                self._say(
                    "MJ-sref",
                    Field.PROMPT,
                    parameter.text,
                    parameter.text,
                    say("how --no and a style reference act on each other is not documented"),
                    Effect.ADVISED,
                )
                break

    def _say(
        self,
        rule: str,
        field: Field,
        before: str,
        after: str,
        reason: Sentence,
        effect: Effect = Effect.ENFORCED,
        lora: str | None = None,
        evidence: tuple[str, ...] = (),
        source: str = SOURCE,
    ) -> None:
        self.findings.append(
            Finding(rule, effect, field, lora, before, after, reason, evidence, source)
        )


def _named(texts: Sequence[str]) -> str:
    return ", ".join(dict.fromkeys(texts))
