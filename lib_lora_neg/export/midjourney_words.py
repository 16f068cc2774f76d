"""What a term of a negative prompt becomes behind Midjourney's ``--no``.

Midjourney parses every word of ``--no`` alone, so a term of several words bans each of them:
``modern clothing`` bans ``clothing``. A term becomes the words that name what is unwanted; words
that are innocent by themselves (people, bodies, clothes, colours, sizes, what the prompt asks
for) are left out.

The lists are the maintainers' own choice from the vocabulary of negative prompts.
"""

from __future__ import annotations

import re
from collections.abc import Set
from enum import Enum
from typing import NamedTuple

from ..loras.types.negatives import names_embedding
from ..loras.vocabulary import QUALITY_TAGS
from ..prompts import bare, split_origin


class TermVerdict(str, Enum):
    """What became of a term, and why."""

    KEPT = "kept"
    REPLACED = "replaced"
    SPLIT = "split"
    INNOCENT = "innocent"
    QUALITY = "quality"
    MODERATED = "moderated"
    EMBEDDING = "embedding"
    NEGATED = "negated"
    COUNT = "count"
    SETTING = "setting"
    SENTENCE = "sentence"
    EMPTY = "empty"


class Judged(NamedTuple):
    """A term after `judge`.

    Attributes:
        verdict: what became of it.
        words: what stands behind ``--no`` for it; one word each, none where it is left out.
        dropped: its words that would ban something innocent.
        wanted: its words that the prompt asks for.
    """

    verdict: TermVerdict
    words: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    wanted: tuple[str, ...] = ()


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _terms(text: str) -> frozenset[str]:
    return frozenset(" ".join(term.split()) for term in text.split(","))


MOST_WORDS = 8
"""A longer term is a sentence."""

_LONGEST = 400
_MOST_WITH_GRAMMAR = 4

# A hyphen, an apostrophe, a full stop and the like inside a word; no word starts with a dash, so
# that no term can become a parameter.
_WORD = re.compile(r"[^\W_]+(?:[-'’.&/+][^\W_]+)*")
_FACE = re.compile(r"[:;=>][^\s]{1,2}")
_LOOSE_WEIGHT = re.compile(r":\s{0,4}[-+]?[\d.]{1,8}$")
_SETTING = re.compile(
    r"(?:steps|script|sampler|schedule type|cfg scale|seed|size|model"
    r"|model hash|vae|vae hash|clip skip"
    r"|ensd|hires [a-z]{1,20}|denoising strength|template|negative template|version|lora hashes"
    r"|(?:postprocess|controlnet|unprompted|ultimate|tiled|mask|x|y|file|ti)[- ][a-z0-9 ]{1,30}"
    r"|face restoration|eta|wildcard prompt|negative prompt|aspect ratio) ?:"
)
# "mask blur: 4"; a weight without brackets has no space before it.
_SET_NUMBER = re.compile(r"[a-z][a-z0-9 -]{2,40}: {1,4}[-\d.]{1,16}")
_COUNTED = re.compile(
    r"(?:\d{1,2}\+?|multiple|many) ?(?:girl|boy|other|women|woman|men|man|people|person)s?"
)
_NUMBERED = re.compile(r"\d")
_EMBEDDING = re.compile(
    r"[a-z]negatives?|negatives? ?v?\d|\bnegatives?$|\bneg(?:v\d|mix|-|$)|embedding"
    r"|[a-z]v\d{1,3}(?:\.\d)?\b|-\d{1,5}[tv]?$|[a-z]\d{3}$|bad-(?:artist|hands?|picture|image|dream)"
)

_GRAMMAR = _words(
    """a an the of in on at with and or by for to from as is are be into over under than that this
    it own his her its their very too so such any all some other etc like look looks"""
)
_NEGATIONS = _words("no not without lacking lack none never non free less don't doesn't isn't")

_FAULTS = _words(
    """bad badly worst worse worser poor poorly low lower lowest lowres normal medium average
    mediocre amateur ugly deformed deform malformed mutated mutation mutations mutilated
    disfigured distorted fused extra missing fewer floating disconnected disembodied cloned
    duplicate duplicated wrong inaccurate incorrect error errors weird wierd odd strange
    twisted contorted conjoined unnatural asymmetric asymmetrical unfinished sloppy gross
    displeasing morbid disgusting interlocked amputated amputation multiple many more
    several double two three four five six seven unclear jpeg fuzzy broken abnormal
    imperfect elongated drawn cropped cut inconsistent mangled liquid unrealistic faulty
    defective"""
)
_FAULTY = _words(
    """quality anatomy anatomie anatomical hand hands finger fingers digit digits limb limbs arm
    arms leg legs foot feet toe toes thumb thumbs face faces head heads eye eyes pupil
    pupils iris ear ears nose mouth tooth teeth body bodies neck torso nipples navel joint
    joints knee knees elbow elbows palm proportion proportions perspective composition art
    artist artwork drawing picture pictures image images detail details lighting shadow
    shadows color colors colour colours contrast res resolution artifact artifacts artefacts
    structure shape shapes lines linework background parts part features skin hair clothing
    clothes one cross legged lips lip breast breasts definition sharpness rendering photo
    photograph people person crown"""
)
_QUALITY_WORDS = _words(
    """lowres lowers worstquality lowquality normalquality badanatomy badhands jpegartifacts jpeg
    artifacts artifact artefacts compression error errors deformed deformity disfigured
    disfigurement mutation mutations mutated mutilated malformed duplicate duplicated morbid
    ugly gross bad poorly poor worst amputee amputation cropped cropping tiling conjoined
    disgusting distorted distortion sloppy displeasing unfinished unnatural unrealistic
    asymmetric asymmetrical clumsy polydactyl acnes humpbacked dehydrated weird wierd odd
    wrong normal low lower boring dull amateur mediocre confuse hidden occluded arbitrary
    focus framing composition geometry compositing anatomy twisted contorted overlapping
    tangents joints messy bad-quality low-quality low-res high-res hires highres absurdres
    masterpiece detailed intricate oldest newest recent early mid 4k 8k uhd hdr hd censored
    uncensored censorship commentary feedt glans old-school"""
)
_QUALITY_TERMS = _terms(
    """out of frame, body out of frame, head out of frame, torso out of frame, out of, torso out of,
    cut off, long neck, long body, long fingers, cloned face, gross proportions, cross-eye,
    cross-eyed, cross eyed, lazy eye, huge eyes, age spot, age spots, skin spots, skin blemishes,
    low contrast, aspect ratio, english commentary, aged down, high quality, best quality,
    high definition, high resolution, long legs, long arms, lack of, posing with, tangents with,
    bar censor, mosaic censoring, poorly background, negative space"""
)
_STILL_STYLE = _words("realistic photorealistic photo realism general safe mid early recent")

_MODERATED = _words(
    """nsfw nude nudes nudity naked topless bottomless sex sexual sexy porn porno pornographic
    hentai erotic explicit nipple nipples penis pussy vagina vulva genital genitals
    genitalia cleavage breast breasts boobs tits areola areolae asshole anus cum lewd fetish
    uncensored testicles panties underwear lingerie clothing clothes clothed clothless
    undressed"""
)

_RELATIVE = _words(
    """max
    away far turned through black white red blue green yellow orange purple pink brown grey gray
    blonde silver gold golden aqua violet teal beige dark light bright pale big small large
    huge tiny little long short tall wide narrow thick thin open closed crossed left right
    front back half full new old young high low deep flat simple plain complex single
    different same wet dry messy looking standing sitting holding wearing colored coloured
    multicolored heavy soft hard english main whole real wrong bad good beautiful visible
    nice blurry poor ugly weird extra child's upper lower empty bare fine one two three four
    own inner outer side off out up down around above below behind between much many few
    near highly extremely detailed various multiple facing"""
)
_INNOCENT = _words(
    """artist model franchise clothing clothes cloth outfit outfits dress shirt shirts shoe shoes
    pants wear person persons people human humans man men woman women girl girls boy boys
    lady guy child children kid baby adult hand hands finger fingers arm arms leg legs foot
    feet toe toes face faces head heads eye eyes pupil pupils ear ears nose mouth lip lips
    tooth teeth tongue hair hairs body bodies skin neck shoulder shoulders chest back torso
    belly waist hip hips thigh thighs knee knees nail nails background backgrounds
    foreground image images picture pictures photo photos scene scenes view views request angle
    style styles look art artwork artstyle aesthetic effect effects filter character
    characters subject object objects thing things item items element elements part parts
    piece color colors colour colours tone tones light lights lighting shadow shadows sky
    ground floor wall room space place world water air day night line lines shape shapes
    form detail details texture surface expression pose name number word hd version quality
    design digital type kind way life time sunlight sun portrait focus body's anatomy
    composition animal animals creature structure contrast male female anatomical shade work
    shot shots palette length size"""
)
_BODY = _words(
    """faced eyed haired legged handed fingered
    hand hands finger fingers arm arms leg legs foot feet toe toes thumb thumbs face faces head
    heads eye eyes pupil pupils ear ears nose mouth lip lips tooth teeth tongue hair body
    bodies skin neck shoulder shoulders chest back torso belly waist hip hips thigh thighs
    knee knees nail nails limb limbs visage visages nostril nostrils eyebrow eyebrows
    chested eyelashes nipples navel skintone hairstyle haircut chin cheeks forehead jaw palm palms
    wrist wrists"""
)
_ONE_WORD = {
    "depth of field": "bokeh",
    "dof": "bokeh",
    "out of focus": "blur",
    "black and white": "monochrome",
    "black and white picture": "monochrome",
    "black and white photo": "monochrome",
    "b&w": "monochrome",
    "monochrome b&w": "monochrome",
    "film grain": "grain",
    "lens flare": "flare",
    "motion blur": "blur",
    "picture frame": "frame",
    "photo frame": "frame",
    "canvas frame": "frame",
    "split screen": "collage",
    "split view": "collage",
    "multiple views": "collage",
    "multiple panels": "panels",
    "artist name": "signature",
    "artist signature": "signature",
    "english text": "text",
    "twitter username": "username",
    "patreon username": "username",
    "user interface": "interface",
    "video game": "videogame",
    "close up": "close-up",
    "3d render": "3d",
    "comic book": "comic",
    "speech bubble": "bubble",
    "web address": "text",
    "make up": "makeup",
    "over exposed": "overexposed",
    "over saturated": "oversaturated",
    "belly button": "navel",
    "belly buttons": "navel",
}


def stem(word: str) -> str:
    """Return a word without the ending of a plural, to compare words by."""
    return word[:-1] if len(word) > 3 and word.endswith("s") and word[-2] != "s" else word


def has_loose_weight(key: str) -> bool:
    """Return whether a weight without brackets stands behind a term: ``word:1.2``."""
    if _no_words(key, bare(key), frozenset()) is TermVerdict.SETTING:
        return False
    return _LOOSE_WEIGHT.search(key, max(0, len(key) - 16)) is not None


def words_of(text: str) -> tuple[str, ...]:
    """Return the words of a text that Midjourney would read, small, numbers left out."""
    found = (match[0].lower() for match in _WORD.finditer(text))
    return tuple(word for word in found if not word.replace(".", "").isdigit())


def judge(key: str, wanted: Set[str] = frozenset(), embeddings: Set[str] = frozenset()) -> Judged:
    """Return what a term becomes behind ``--no``.

    Args:
        key: the term, normalised.
        wanted: `stem`s of the words that the prompt asks for.
        embeddings: names of textual-inversion embeddings, normalised.
    """
    name = bare(key)
    apart = _no_words(key, name, embeddings)
    if apart is not None:
        return Judged(apart)
    name = split_origin(_LOOSE_WEIGHT.sub("", name))[0]
    if name in _ONE_WORD:
        return Judged(TermVerdict.REPLACED, (_ONE_WORD[name],))
    words = words_of(name)
    telling = [word for word in dict.fromkeys(words) if word not in _GRAMMAR]
    if not telling or _FACE.fullmatch(name) is not None:
        return Judged(TermVerdict.EMPTY)
    if any(word in _NEGATIONS for word in words):
        return Judged(TermVerdict.NEGATED)
    if _is_quality(name, words):
        return Judged(TermVerdict.QUALITY)
    if _COUNTED.fullmatch(name) is not None:
        return Judged(TermVerdict.COUNT)
    if len(telling) == 1:
        return _judge_one(name, telling[0], wanted)
    with_grammar = len(words) > len(telling) and len(telling) > _MOST_WITH_GRAMMAR
    if len(words) > MOST_WORDS or with_grammar:
        return Judged(TermVerdict.SENTENCE)
    return _judge_several(telling, wanted)


def _no_words(key: str, name: str, embeddings: Set[str]) -> TermVerdict | None:
    """Return what a term is that holds no words of its own: a name of a file, a setting."""
    if len(name) > _LONGEST:
        return TermVerdict.SENTENCE
    if name.startswith(("--", "—")) or _SETTING.match(name) or _SET_NUMBER.fullmatch(name):
        return TermVerdict.SETTING
    prefixed = name != key and not key.startswith('"')
    if prefixed or name in embeddings or names_embedding(name) or _EMBEDDING.search(name):
        return TermVerdict.EMBEDDING
    return None


def _judge_one(name: str, word: str, wanted: Set[str]) -> Judged:
    if word in _MODERATED:
        return Judged(TermVerdict.MODERATED)
    asked = (word,) if stem(word) in wanted else ()
    if word != name:
        if word in _BODY and _NUMBERED.search(name) is not None:
            # "six fingers" complains of the number, not of fingers.
            return Judged(TermVerdict.QUALITY)
        if word in _RELATIVE or word in _BODY:
            return Judged(TermVerdict.INNOCENT, (), (word,), asked)
    return Judged(TermVerdict.KEPT if word == name else TermVerdict.REPLACED, (word,), (), asked)


def _judge_several(telling: list[str], wanted: Set[str]) -> Judged:
    asked = tuple(word for word in telling if stem(word) in wanted)
    faulty = _faulty(telling)
    # A part of a body makes its neighbour a quality of it: "fox ears" bans every fox.
    of_body = telling[-1] in _BODY
    dropped = tuple(
        word
        for word in telling
        if of_body
        or word in _INNOCENT
        or word in _RELATIVE
        or word in _MODERATED
        or word in asked
        or word in faulty
    )
    kept = tuple(word for word in telling if word not in dropped)
    if not kept:
        if faulty and not asked:
            return Judged(TermVerdict.QUALITY)
        moderated = any(word in _MODERATED for word in telling) and not asked
        verdict = TermVerdict.MODERATED if moderated else TermVerdict.INNOCENT
        return Judged(verdict, (), dropped, asked)
    verdict = TermVerdict.SPLIT if len(kept) > 1 else TermVerdict.REPLACED
    return Judged(verdict, kept, dropped, asked)


def _faulty(words: list[str]) -> frozenset[str]:
    """Return the words that complain of a fault, and what each is said of: ``bad science``."""
    found = set()
    for number, word in enumerate(words):
        if word in _FAULTS:
            found.update(words[number : number + 2])
        elif word in _QUALITY_WORDS or word == "quality":
            found.add(word)
    return frozenset(found)


def _is_quality(name: str, words: tuple[str, ...]) -> bool:
    out_of_it = "out of frame" in name or "out of view" in name
    if (
        out_of_it
        or name in _QUALITY_TERMS
        or (name in QUALITY_TAGS and name not in _STILL_STYLE | _MODERATED)
    ):
        return True
    if len(words) == 1:
        return words[0] in _QUALITY_WORDS
    known = all(w in _FAULTS or w in _FAULTY or w in _QUALITY_WORDS or w in _GRAMMAR for w in words)
    return known and any(word in _FAULTS or word in _QUALITY_WORDS for word in words)
