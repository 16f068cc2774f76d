"""Negative guidance inside attention: a negative prompt for models that run at CFG 1.

A transformer block mixes text and image in one attention. The image tokens' attention splits into
groups of keys, and the groups' results merge exactly by their log-sum-exp:

    partial   attention over one group of keys, with its log-sum-exp   (`partials`)
    method    what is made of image, positive and negative partials    (`methods`: NAG, VSF, ONG)
    layout    which tokens of a sequence are positive, negative, image (`joint`)
    adapter   how one model's blocks are taken over and given back     (`flux_diffusers`, `cross`;
              in WebUIs' layout `originals` and what it lists)
    choice    what a user asks for, and each method's defaults          (`choice`, `numbers`)

So there is one image stream and two text streams, where the published code runs the image twice.
Knows no host. What is named here, the choice and its numbers, needs no torch; the rest does.
"""

from .choice import DEFAULTS, Guidance
from .settings import Method, NagSettings, OngFeature, OngSettings, OngTau, Settings, VsfSettings

__all__ = [
    "DEFAULTS",
    "Guidance",
    "Method",
    "NagSettings",
    "OngFeature",
    "OngSettings",
    "OngTau",
    "Settings",
    "VsfSettings",
]
