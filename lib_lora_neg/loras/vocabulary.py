"""Words that say nothing about one LoRA in particular.

Two questions are answered here. `is_common_tag`: does a caption tag stand on so many pictures of
any data set (``1girl``, ``solo``, quality words, the standard negative vocabulary) that finding it
in a prompt or a negative prompt means nothing (R2, R2b, R6)? `is_generic_word`: is a word too
ordinary to be a trigger (``style``, ``woman``)? `is_descriptive_tag` is the milder third:
an ordinary trait (``blue hair``, ``twin braids``) which may well be typical of a LoRA, but is not
the word that calls it.

The lists are the maintainers' own choice from the caption vocabulary of booru taggers.
"""

from __future__ import annotations

import re
from functools import lru_cache

_ESCAPED = re.compile(r"(?<!\\)\\+([()\[\]{}])")
_SPACES = re.compile(r"[\s_]+")


def normalise_tag(text: str) -> str:
    r"""Return a tag as tables hold it.

    Lower case, ``_`` as a space, brackets not escaped, single spaces: ``Hu_Tao \(genshin\)``
    becomes ``hu tao (genshin)``.
    """
    if "\\" in text:
        text = _ESCAPED.sub(r"\1", text)
    return _SPACES.sub(" ", text).strip().lower()


def _tags(text: str) -> frozenset[str]:
    return frozenset(tag for line in text.split("\n") for tag in map(str.strip, line.split(",")))


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


CLASS_NOUNS = _words(
    """1girl 1boy girl boy woman man person people female male guy lady character style artstyle
    dog cat car object concept clothing outfit"""
)
"""What stands behind the word in DreamBooth's *instance class*: ``ohwx woman``, ``sks dog``."""

COUNT_TAGS = _tags(
    """solo, solo focus, multiple girls, multiple boys, multiple views, multiple others, duo,
    group, couple, male focus, female focus, no humans, 1other, everyone, people, crowd"""
)

VIEW_TAGS = _tags(
    """looking at viewer, looking at another, looking away, looking back, looking down, looking up,
    looking to the side, upper body, full body, lower body, cowboy shot, portrait, close-up,
    close up, from above, from below, from behind, from side, front view, side view, facing viewer,
    facing away, profile, dutch angle, wide shot, medium shot, pov, standing, sitting, walking,
    simple background, white background, black background, grey background, gray background,
    gradient background, transparent background, blurry background, background, depth of field,
    indoors, outdoors, day, night, sky, cloud, blurry foreground, smile, closed mouth, open mouth,
    parted lips, blush, teeth, expressionless, grin, light smile, closed eyes, bangs, breasts,
    hand up, virtual youtuber, original, signature, artist name,
    copyright name, character name, web address, twitter username, patreon username, dated,
    english text, speech bubble, watermark, text, logo, border, letterboxed, commentary"""
)

QUALITY_TAGS = _tags(
    """masterpiece, best quality, high quality, highest quality, good quality, great quality,
    amazing quality, normal quality, very aesthetic, aesthetic, absurdres, highres, high res,
    hires, lowres, low res, high resolution, low resolution, ultra high res, ultra-detailed,
    ultra detailed, extremely detailed, highly detailed, intricate details, detailed, intricate,
    8k, 4k, uhd, hd, hdr, raw photo, photorealistic, photo realistic, realistic, realism, photo,
    professional, award winning, official art, newest, recent, mid, early, oldest, beautiful,
    perfect face, detailed face, detailed eyes, beautiful eyes, cinematic lighting, sharp focus,
    score 9, score 8 up, score 7 up, score 6 up, score 5 up, score 4 up, rating safe,
    rating questionable, rating explicit, source anime, safe, sensitive, nsfw, sfw, explicit,
    general, questionable"""
)

NEGATIVE_TAGS = _tags(
    """worst quality, low quality, bad quality, poor quality, normal quality, worst detail,
    bad anatomy, bad hands, bad hand, bad fingers, bad feet, bad face, bad eyes, bad proportions,
    bad perspective, bad composition, bad art, bad body, bad legs, bad arms, missing fingers,
    missing fingers, missing limbs, missing arms, missing legs, extra fingers, extra digit,
    extra digits, fewer digits, extra limbs, extra arms, extra legs, extra hands, extra heads,
    fused fingers, too many fingers, mutated hands, poorly drawn hands, poorly drawn face,
    mutated hands and fingers, malformed hands, malformed limbs, mutation, mutated, mutilated,
    deformed, deformed iris, deformed pupils, disfigured, disconnected limbs, distorted,
    distorted face, ugly, duplicate, morbid, gross proportions, long neck, long body, blurry,
    blur, out of focus, out of frame, cropped, cut off, jpeg artifacts, artifacts, compression,
    noise, noisy, grain, grainy, oversaturated, undersaturated, overexposed, underexposed,
    low contrast, username, error, cloned face, asymmetric, asymmetrical, unnatural, unrealistic,
    amateur, boring, dull, plain, tiling, multiple people, bad lighting, bad shadow, bad color,
    displeasing, very displeasing, unfinished, censored, mosaic censoring, bar censor,
    extra fingers, floating limbs, poorly drawn, poorly drawn feet, sloppy, wrong anatomy,
    interlocked fingers, simple, split view, collage, multiple panels, glitch, pixelated, trademark,
    stamp, title, subtitle, watermarks, words, letters, caption, font, ui, frame, picture frame"""
)

COMMON_TAGS = COUNT_TAGS | VIEW_TAGS | QUALITY_TAGS | NEGATIVE_TAGS

_COUNTED = re.compile(r"\d{1,2}\+? ?(?:girl|boy|woman|man|women|men|other|people|person)s?")
_SCORED = re.compile(r"(?:score|rating|source) ?:? ?[\w ]+")

GENERIC_WORDS = _words(
    """a an the of in by with and or on for from to at is no not my your this that it style styles
    styled art arts artstyle artwork artist character characters char person persons people woman
    women man men girl girls boy boys guy lady female male child adult human face body hair eyes
    eye anime manga cartoon comic game photo photos picture pictures image images img painting
    drawing illustration render sketch monochrome greyscale 3d cgi doll plastic realistic
    photorealistic concept object objects thing item background scene scenery landscape portrait
    pose clothing clothes outfit costume dress uniform detail details detailed detailer quality
    high low best good better cute beautiful pretty sexy hot nice cool dark light bright lora
    lyco locon loha lokr lycoris checkpoint model train training trained data dataset set test
    final new old version ver epoch step steps trigger word words prompt prompts tag tags caption
    none null any anything something default main base sd sdxl xl sd15 pony illustrious flux v1
    v2 v3 v4 v5 nsfw sfw solo masterpiece subject look animal dog cat building vehicle food plant
    unknown other general regular weapon monster creature young mature color black white red blue
    green"""
)
"""Words that never call a LoRA by themselves, nor when only they stand together."""

_COLOURS = _words(
    """black white red blue green yellow orange purple pink brown grey gray blonde silver gold
    golden aqua violet teal beige multicolored two-tone gradient light dark pale streaked"""
)
_TRAITS = _words(
    """hair eyes eye bangs braid braids twintails twintail ponytail ahoge bun buns sidelocks
    sidelock hairband hairclip hairpin ribbon ribbons bow bowtie necktie tie hat cap beret helmet
    hood hoodie horns horn halo wings wing tail tails ears ear earrings earring necklace choker
    collar scarf cape cloak coat jacket shirt blouse sweater vest cardigan skirt miniskirt dress
    shorts pants trousers jeans leggings pantyhose thighhighs kneehighs socks stockings shoes
    boots sneakers sandals heels footwear gloves glove sleeves sleeve belt buckle armor gauntlets
    shoulder shoulders pauldrons uniform serafuku kimono yukata swimsuit bikini leotard bodysuit
    apron glasses eyewear sunglasses eyepatch mask headphones headset headwear headband headgear
    large small collarbone jewelry crown tiara ornament flower rose bracelet ring nails fang
    fangs mole freckles scar tattoo skin lips lipstick makeup eyeshadow eyelashes eyebrows pupils
    sclera heterochromia breasts chest cleavage navel midriff thighs legs arms hands hand feet
    muscular abs beard mustache facial sideburns long short medium very straight wavy curly
    spiked messy twin single double low high side front back half closed open parted crossed
    detached puffy wide frilled pleated striped plaid checkered bare cropped fingerless elbow
    knee ankle thigh strapless sleeveless turtleneck sailor school maid military off between over
    through blunt swept hime cut drill drills updo fur trim lace sword gun rifle staff weapon
    holding"""
)


@lru_cache(maxsize=8192)
def is_common_tag(tag: str) -> bool:
    """Return whether a tag says nothing of one LoRA: counts, views, quality, usual negatives.

    The tag may be written in any way that `normalise_tag` understands.
    """
    plain = normalise_tag(tag)
    if plain in COMMON_TAGS or (len(plain) < 2 and plain.isascii()):
        return True
    return bool(_COUNTED.fullmatch(plain) or _SCORED.fullmatch(plain))


@lru_cache(maxsize=8192)
def is_generic_word(word: str) -> bool:
    """Return whether a word or phrase is too ordinary to be a trigger."""
    plain = normalise_tag(word)
    if is_common_tag(plain):
        return True
    parts = re.findall(r"[^\s,.:;!?\"()-]+", plain)
    return all(part in GENERIC_WORDS or part.isdigit() for part in parts)


@lru_cache(maxsize=8192)
def is_descriptive_tag(tag: str) -> bool:
    """Return whether a tag only describes looks or clothes in ordinary words.

    ``blue hair``, ``twin braids`` and ``frilled sleeves`` do; ``hu tao (genshin)`` does not.
    """
    words = normalise_tag(tag).replace("-", " ").split()
    return all(word in _TRAITS or word in _COLOURS or word in GENERIC_WORDS for word in words)
