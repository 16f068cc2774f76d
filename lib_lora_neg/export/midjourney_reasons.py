"""Why a term of a negative prompt stands changed behind ``--no``, or not at all."""

from __future__ import annotations

from ..sentences import Sentence, say
from .midjourney_words import JudgedTerm, TermVerdict

LEFT_OUT = {
    TermVerdict.QUALITY: "words about the quality of a picture mean nothing to Midjourney, which "
    "was not trained on such tags; as words of --no they would ban hands, faces, quality",
    TermVerdict.EMBEDDING: "an embedding is a file of the WebUI: Midjourney has none",
    TermVerdict.COUNT: "a count of booru tags: Midjourney would ban the person",
    TermVerdict.NEGATED: "a negation inside --no: Midjourney reads the noun alone and bans it",
    TermVerdict.SETTING: "settings of a picture, not words",
    TermVerdict.SENTENCE: "a sentence: each of its words would be banned alone; name the things",
    TermVerdict.EMPTY: "no word that could be banned",
    TermVerdict.MODERATED: "Midjourney's moderation reads the words of --no as well and may refuse "
    "the prompt; it keeps such pictures away by itself",
}


def why(judged: JudgedTerm) -> Sentence:
    """Return why a term was changed or left out behind ``--no``."""
    dropped = ", ".join(judged.dropped)
    if judged.wanted and not judged.words:
        return say("each word is banned alone, and the prompt asks for {words}", words=dropped)
    if not judged.words:
        return say(
            "each word is banned alone, and {words} alone would be innocent: "
            "say in the prompt what you want instead",
            words=dropped,
        )
    if dropped and len(judged.words) == 1:
        return say(
            "each word is banned alone, and {words} alone would be innocent; "
            "{kept} is banned in every form",
            words=dropped,
            kept=judged.words[0],
        )
    if dropped:
        return say("each word is banned alone, and {words} alone would be innocent", words=dropped)
    return say("each word is banned alone: written as Midjourney reads it")
