"""The words that decide what a term of a negative prompt becomes behind ``--no``.

The lists are the maintainers' own choice from the vocabulary of negative prompts.
"""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _terms(text: str) -> frozenset[str]:
    return frozenset(" ".join(term.split()) for term in text.split(","))


GRAMMAR = _words(
    """a an the of in on at with and or by for to from as is are be into over under than that this
    it own his her its their very too so such any all some other etc like look looks"""
)
NEGATIONS = _words("no not without lacking lack none never non free less don't doesn't isn't")

FAULTS = _words(
    """bad badly worst worse worser poor poorly low lower lowest lowres normal medium average
    mediocre amateur ugly deformed deform malformed mutated mutation mutations mutilated
    disfigured distorted fused extra missing fewer floating disconnected disembodied cloned
    duplicate duplicated wrong inaccurate incorrect error errors weird wierd odd strange
    twisted contorted conjoined unnatural asymmetric asymmetrical unfinished sloppy gross
    displeasing morbid disgusting interlocked amputated amputation multiple many more
    several double two three four five six seven unclear jpeg fuzzy broken abnormal
    imperfect elongated drawn cropped cut inconsistent mangled liquid unrealistic faulty
    defective improper improperly misaligned misplaced disproportioned disproportionate
    unbalanced indistinct vague impossible incoherent unappealing unattractive lousy awful
    terrible horrible invalid corrupted conflicting clashing"""
)
FAULTY = _words(
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
QUALITY_WORDS = _words(
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
QUALITY_TERMS = _terms(
    """out of frame, body out of frame, head out of frame, torso out of frame, out of, torso out of,
    cut off, long neck, long body, long fingers, cloned face, gross proportions, cross-eye,
    cross-eyed, cross eyed, lazy eye, huge eyes, age spot, age spots, skin spots, skin blemishes,
    low contrast, aspect ratio, english commentary, aged down, high quality, best quality,
    high definition, high resolution, long legs, long arms, lack of, posing with, tangents with,
    bar censor, mosaic censoring, poorly background, negative space"""
)
STILL_STYLE = _words("realistic photorealistic photo realism general safe mid early recent")

MODERATED = _words(
    """nsfw nude nudes nudity naked topless bottomless sex sexual sexy porn porno pornographic
    hentai erotic explicit nipple nipples penis pussy vagina vulva genital genitals
    genitalia cleavage breast breasts boobs tits areola areolae asshole anus cum lewd fetish
    uncensored testicles panties underwear lingerie clothing clothes clothed clothless
    undressed"""
)

RELATIVE = _words(
    """max
    away far turned through black white red blue green yellow orange purple pink brown grey gray
    blonde silver gold golden aqua violet teal beige dark light bright pale big small large
    huge tiny little long short tall wide narrow thick thin open closed crossed left right
    front back half full new old young high low deep flat simple plain complex single
    different same wet dry messy looking standing sitting holding wearing colored coloured
    multicolored heavy soft hard english main whole real wrong bad good beautiful visible
    nice poor ugly weird extra child's upper lower empty bare fine one two three four
    own inner outer side off out up down around above below behind between much many few
    near highly extremely detailed various multiple multiples facing random proper correct
    perfect accurate natural decent better best great amazing held made done taken worn dressed
    shown seen placed appear appears appearing posing using having getting merge look looks
    horizontal vertical"""
)
INNOCENT = _words(
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
    shot shots palette length size
    anatomie parameter parameters setting settings tag tags prompt
    feature features placement position positions posture alignment layout arrangement
    blending mixing detection collision phasing definition resolution dimension dimensions
    depth edge edges corner corners pixel pixels level amount degree balance direction support
    grip motion action movement moment condition state case purpose reason content matter
    material section zone region group version variant copy example result process method
    technique approach concept idea theme mood atmosphere aspect ratio proportion proportions
    side sides center centre middle top bottom end tip area"""
)
BODY = _words(
    """faced eyed haired legged handed fingered
    hand hands finger fingers arm arms leg legs foot feet toe toes thumb thumbs face faces head
    heads eye eyes pupil pupils ear ears nose mouth lip lips tooth teeth tongue hair body
    bodies skin neck shoulder shoulders chest back torso belly waist hip hips thigh thighs
    knee knees nail nails limb limbs visage visages nostril nostrils eyebrow eyebrows
    chested eyelashes nipples navel skintone hairstyle haircut chin cheeks forehead jaw palm palms
    wrist wrists calf calves ankle ankles heel heels rib ribs butt buttocks ass jawline torsos
    armpit armpits spine"""
)
LOOKED_AT = _words("camera viewer audience")
INNOCENT |= LOOKED_AT
STILL_UNWANTED = _words("blurry blurred pixelated grainy glitchy overexposed underexposed")
"""What a picture is not to be, whatever it is said of: ``blurry eyes``."""

ONE_WORD = {
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
    "photo realistic": "photorealistic",
    "belly button": "navel",
    "belly buttons": "navel",
}
