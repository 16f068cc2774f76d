"""Negative guidance inside attention: a negative prompt for models that run at CFG 1.

A transformer block mixes text and image in one attention. The image tokens' attention splits into
groups of keys, and the groups' results merge exactly by their log-sum-exp:

    partial   attention over one group of keys, with its log-sum-exp   (`partials`)
    method    what is made of image, positive and negative partials    (`methods`: NAG, VSF, ONG)
    layout    which tokens of a sequence are positive, negative, image (`joint`)
    adapter   how one model's blocks are taken over and given back     (`flux_diffusers`, `cross`)
    choice    what a user asks for, and each method's defaults          (`choice`)

So there is one image stream and two text streams, where the published code runs the image twice.
Needs torch and knows no host.
"""

from .choice import DEFAULTS, Guidance
from .joint import Layout, guided_attention
from .methods import Method, NagSettings, OngFeature, OngSettings, OngTau, Settings, VsfSettings
from .partials import Partial, attend, merge

__all__ = [
    "DEFAULTS",
    "Guidance",
    "Layout",
    "Method",
    "NagSettings",
    "OngFeature",
    "OngSettings",
    "OngTau",
    "Partial",
    "Settings",
    "VsfSettings",
    "attend",
    "guided_attention",
    "merge",
]
