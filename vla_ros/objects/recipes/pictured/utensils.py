# SPDX-License-Identifier: Apache-2.0
"""Boxes, tubes, spoons, forks, knives and brushes that only pictures with boxes show."""

from __future__ import annotations

from vla_ros.objects.recipes.families import Family, cartons
from vla_ros.objects.recipes.families.cartons import Box, Tube

BOXES = {
    "pizza": Box((0.060, 0.060, 0.009), ("ajar", "pizza")),
    "jewelry": Box((0.027, 0.030, 0.017), ("ajar", "ring")),
    "chest": Box((0.030, 0.046, 0.022), ("barrel", "clasp")),
    "toolbox": Box((0.031, 0.070, 0.025), ("lid", "handle", "latches")),
    "takeaway": Box((0.038, 0.042, 0.036), ("wire",), 0.36),
    "popcorn": Box((0.034, 0.038, 0.050), ("stripes", "heap"), 0.30),
    "storage": Box((0.040, 0.058, 0.024), ("lid", "clips"), 0.16),
    "hat": Box((0.046, 0.046, 0.032), ("lid",), form="round"),
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

PICTURED: dict[str, Family] = {
    "box": (BOXES, cartons.box),
    "tube": (TUBES, cartons.squeezable),
}
