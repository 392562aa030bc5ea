# SPDX-License-Identifier: Apache-2.0
"""Boxes, tubes, spoons, forks, knives and brushes that only pictures with boxes show."""

from __future__ import annotations

from vla_ros.objects.recipes.families import Family, brushes, cartons, tablecutlery
from vla_ros.objects.recipes.families.brushes import Brush
from vla_ros.objects.recipes.families.cartons import Box, Tube
from vla_ros.objects.recipes.families.tablecutlery import SPATULATE, Fork, Handle, Knife, Spoon

BOXES = {
    "pizza": Box((0.060, 0.060, 0.009), ("ajar", "pizza")),
    "jewelry": Box((0.027, 0.030, 0.017), ("ajar", "ring")),
    "chest": Box((0.030, 0.046, 0.022), ("barrel", "clasp")),
    "toolbox": Box((0.031, 0.070, 0.025), ("cover", "handle", "latches")),
    "takeaway": Box((0.038, 0.042, 0.036), ("wire",), 0.36),
    "popcorn": Box((0.034, 0.038, 0.050), ("stripes", "heap"), 0.30),
    "storage": Box((0.040, 0.058, 0.024), ("cover", "clips"), 0.16),
    "hat": Box((0.052, 0.052, 0.023), ("lid", "cord"), form="round"),
    "heart": Box((0.052, 0.056, 0.015), ("lid",), form="heart"),
    "prism": Box((0.021, 0.024, 0.080), ("ends",), form="prism"),
    "crate": Box((0.042, 0.060, 0.028), form="crate"),
    "eggs": Box((0.036, 0.088, 0.023), form="eggs"),
}

TUBES = {
    "tomato_paste": Tube(0.120, 0.0155, 0.014, 0.62, "ribbed", "crimped", (0.25, 0.65)),
    "eye_gel": Tube(0.105, 0.0125, 0.030, 0.80, "bent", "plain", (0.50,)),
    "foundation": Tube(0.130, 0.0175, 0.034, 0.85, "pump", "plain", (0.35,)),
    "opened": Tube(0.125, 0.0185, 0.022, 0.75, "open", "rolled", (0.40, 0.65)),
    "flip_top": Tube(0.130, 0.0195, 0.020, 0.98, "flip", "plain", (0.30,)),
    "single_dose": Tube(0.080, 0.0110, 0.026, 0.80, "wing", "plain", (0.55,)),
    "polish": Tube(0.115, 0.0190, 0.030, 0.95, "sponge", "crimped", (0.45, 0.60)),
    "caulk": Tube(0.190, 0.0190, 0.060, 0.50, "nozzle", "plunger", (0.20, 0.70), "stiff"),
    "test": Tube(0.130, 0.0100, 0.014, 0.95, "cork", "round", (0.80,), "stiff"),
    "poster": Tube(0.200, 0.0170, 0.010, 1.07, "flat", "capped", (0.45,), "stiff"),
    "lip_gloss": Tube(0.105, 0.0095, 0.045, 1.00, "flat", "capped", (0.20,), "stiff"),
    "core": Tube(0.105, 0.0215, 0.002, 1.00, "flat", "plain", (0.50,), "hollow"),
}

SPOONS = {
    "renge": Spoon(0.140, 0.044, 1.15, 0.014, Handle((0.0100, 0.0090, 0.0110, 0.0150), 0.55), 0.014, "boat"),
    "sugar": Spoon(0.150, 0.040, 1.25, 0.009, Handle((0.0095, 0.0070, 0.0050, 0.0045), 0.5, "grooves"), 0.004, "shell"),
    "grapefruit": Spoon(0.165, 0.028, 1.55, 0.008, SPATULATE, 0.005, "teeth"),
    "folding": Spoon(0.165, 0.038, 1.35, 0.009, Handle((0.0090, 0.0100, 0.0090), 0.55, "pivot"), 0.004),
    "adaptive": Spoon(0.175, 0.038, 1.35, 0.010, Handle((0.0150, 0.0165, 0.0150, 0.0110), 0.9), 0.006, "plain", 38.0),
    "loop": Spoon(0.115, 0.032, 1.30, 0.008, Handle((0.0100, 0.0095, 0.0070), 0.5, "loop"), 0.004),
    "corner": Spoon(0.220, 0.052, 1.25, 0.006, Handle((0.0080, 0.0085, 0.0075, 0.0075), 0.7), 0.003, "corner"),
    "pasta": Spoon(0.215, 0.056, 1.25, 0.014, Handle((0.0095, 0.0085, 0.0065, 0.0060), 0.6, "hole"), 0.008, "comb"),
    "spider": Spoon(0.220, 0.078, 1.00, 0.014, Handle((0.0070, 0.0075, 0.0060, 0.0045), 1.0, "hook"), 0.007, "wire"),
    "ice_cream": Spoon(0.095, 0.024, 1.35, 0.003, Handle((0.0085, 0.0060, 0.0055), 0.3), 0.000, "paddle"),
    "infuser": Spoon(
        0.160, 0.038, 1.10, 0.015, Handle((0.0065, 0.0050, 0.0045, 0.0045), 0.7, "ring"), 0.004, "infuser"
    ),
    "souvenir": Spoon(0.125, 0.027, 1.40, 0.007, Handle((0.0060, 0.0045, 0.0035, 0.0035), 0.6, "crest"), 0.004),
}

FORKS = {
    "garden": Fork(0.230, 0.056, 3, 0.082, Handle((0.0120, 0.0135, 0.0125, 0.0095), 1.0), False, "flat", 0.0, "bar"),
    "oyster": Fork(0.145, 0.018, 3, 0.022, SPATULATE, False, "plain", 0.55),
    "pastry": Fork(0.150, 0.025, 3, 0.034, SPATULATE, True, "wide"),
    "chip": Fork(0.095, 0.016, 2, 0.024, Handle((0.0085, 0.0075, 0.0060), 0.3), True, "flat"),
    "fondue": Fork(0.235, 0.015, 2, 0.032, Handle((0.0065, 0.0075, 0.0060), 1.0), False, "barbed"),
    "barbecue": Fork(0.240, 0.034, 2, 0.056, Handle((0.0085, 0.0075, 0.0060, 0.0055), 0.9, "twist"), True, spread=0.25),
    "banquet": Fork(0.200, 0.027, 4, 0.046, SPATULATE, True, arch=0.010),
    "modern": Fork(0.190, 0.032, 4, 0.034, Handle((0.0055, 0.0050, 0.0045, 0.0042), 0.9), True, palm="round"),
    "loop": Fork(0.120, 0.025, 3, 0.026, Handle((0.0105, 0.0095, 0.0070), 0.5, "loop"), False, palm="round"),
    "antique": Fork(0.190, 0.022, 3, 0.050, Handle((0.0090, 0.0085, 0.0070), 0.8, "pistol")),
    "pitchfork": Fork(0.235, 0.052, 4, 0.070, Handle((0.0060, 0.0058, 0.0055), 1.0), False, spread=0.06, palm="bar"),
    "folding": Fork(0.175, 0.026, 4, 0.036, Handle((0.0100, 0.0105, 0.0095), 0.55, "pivot")),
}

KNIVES = {
    "palette": Knife(0.235, 0.022, 0.55, "strip", Handle((0.0085, 0.0105, 0.0080), 0.9), crank=0.010),
    "painting": Knife(0.190, 0.026, 0.48, "trowel", Handle((0.0065, 0.0080, 0.0050), 1.0), crank=0.012),
    "oyster": Knife(0.160, 0.019, 0.40, "dagger", Handle((0.0120, 0.0150, 0.0100), 0.95), False, "guard"),
    "hawkbill": Knife(0.185, 0.022, 0.40, "hook", Handle((0.0120, 0.0095, 0.0105, 0.0095), 0.8, "rivets"), True),
    "craft": Knife(0.150, 0.009, 0.20, "sliver", Handle((0.0045, 0.0050, 0.0050, 0.0042), 1.0, "grooves"), True),
    "army": Knife(0.160, 0.014, 0.42, "clip", Handle((0.0115, 0.0120, 0.0115), 0.6), False, "tools"),
    "fish": Knife(0.205, 0.026, 0.48, "fish", SPATULATE),
    "dagger": Knife(0.210, 0.018, 0.60, "dagger", Handle((0.0080, 0.0065, 0.0070), 0.9, "ball"), False, "guard"),
    "picnic": Knife(0.170, 0.018, 0.52, "saw", Handle((0.0090, 0.0075, 0.0065), 0.4), whole=True),
    "putty": Knife(0.195, 0.064, 0.46, "scraper", Handle((0.0125, 0.0110, 0.0130, 0.0100), 0.75, "hole"), True),
    "machete": Knife(0.240, 0.038, 0.64, "machete", Handle((0.0130, 0.0095, 0.0105), 0.7, "rivets")),
    "holed": Knife(0.215, 0.038, 0.58, "round", Handle((0.0110, 0.0100, 0.0105), 0.75), True, "holes"),
}

BRUSHES = {
    "toilet": Brush(0.135, (0.0095, 0.0080, 0.0065, 0.0060), (0.014, 0.0120, 0.0120), "ball", 0.022, 1.0, ("hole",)),
    "foam": Brush(0.105, (0.0060, 0.0065, 0.0060, 0.0055), (0.026, 0.0270, 0.0105), "foam", 0.010, 1.0, ("hole",)),
    "sash": Brush(
        0.125, (0.0060, 0.0095, 0.0075, 0.0130), (0.011, 0.0200, 0.0085), "flat", 0.046, 0.6, ("ferrule", "slant")
    ),
    "calligraphy": Brush(
        0.140, (0.0050, 0.0052, 0.0052, 0.0060), (0.008, 0.0085, 0.0085), "dome", 0.042, 1.0, ("loop", "pointed")
    ),
    "stencil": Brush(
        0.085, (0.0060, 0.0075, 0.0080, 0.0120), (0.013, 0.0150, 0.0150), "dome", 0.022, 1.0, ("ferrule", "blunt")
    ),
    "palm": Brush(0.0, (), (0.034, 0.0190, 0.0090), "knob", 0.015, 1.0, ("knob",)),
    "electric": Brush(
        0.150, (0.0130, 0.0145, 0.0110, 0.0048), (0.0085, 0.0085, 0.0040), "under", 0.008, 0.95, ("round", "button")
    ),
    "slicker": Brush(
        0.110, (0.0115, 0.0125, 0.0095, 0.0080), (0.024, 0.0440, 0.0055), "under", 0.012, 0.8, ("metal", "pad")
    ),
    "basting": Brush(
        0.120, (0.0090, 0.0080, 0.0065, 0.0080), (0.026, 0.0180, 0.0060), "strands", 0.030, 0.7, ("hole",)
    ),
    "whisk_broom": Brush(
        0.070, (0.0095, 0.0095, 0.0100, 0.0120), (0.060, 0.0480, 0.0085), "straw", 0.040, 0.9, ("loop",)
    ),
    "snow": Brush(
        0.115, (0.0100, 0.0110, 0.0095, 0.0090), (0.045, 0.0150, 0.0080), "under", 0.026, 0.85, ("scraper", "pad")
    ),
    "vent": Brush(
        0.090, (0.0090, 0.0115, 0.0100, 0.0085), (0.050, 0.0280, 0.0055), "under", 0.014, 0.8, ("vent", "hole")
    ),
}

PICTURED: dict[str, Family] = {
    "box": (BOXES, cartons.box),
    "tube": (TUBES, cartons.squeezable),
    "spoon": (SPOONS, tablecutlery.spoon),
    "fork": (FORKS, tablecutlery.fork),
    "knife": (KNIVES, tablecutlery.knife),
    "brush": (BRUSHES, brushes.brush),
}
