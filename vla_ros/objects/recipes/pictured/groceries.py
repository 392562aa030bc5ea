# SPDX-License-Identifier: Apache-2.0
"""Fruit and vegetables that only pictures with boxes show."""

from __future__ import annotations

from vla_ros.objects.recipes.families import Family, bananas, fruit, peppers, vegetables
from vla_ros.objects.recipes.families.bananas import Banana
from vla_ros.objects.recipes.families.fruit import Apple, Lemon, Pear
from vla_ros.objects.recipes.families.peppers import Pepper
from vla_ros.objects.recipes.families.vegetables import Course
from vla_ros.objects.recipes.pictured import allotment, corncobs

APPLES = {
    "halved": Apple(0.0350, 0.0320, 0.12, 0.76, cut=180.0),
    "wedge": Apple(0.0370, 0.0330, 0.15, 0.74, cut=62.0),
    "core": Apple(0.0320, 0.0350, 0.15, 0.74, stalk=0.016, more="core"),
    "toffee": Apple(0.0330, 0.0310, 0.05, 0.80, stalk=0.0, more="stick"),
    "half_peeled": Apple(0.0345, 0.0310, 0.10, 0.78, stalk=0.012, more="peel"),
    "wormy": Apple(0.0350, 0.0320, 0.16, 0.72, stalk=0.016, leaves=1, more="worm"),
    "wooden": Apple(0.0290, 0.0290, 0.02, 0.80, stalk=0.0, more="toy"),
    "netted": Apple(0.0370, 0.0340, 0.10, 0.78, stalk=0.012, more="net"),
    "twig": Apple(0.0310, 0.0285, 0.10, 0.78, stalk=0.0, more="twig"),
    "labelled": Apple(0.0360, 0.0345, 0.26, 0.64, lobes=5, stalk=0.010, more="label"),
    "shrivelled": Apple(0.0320, 0.0265, 0.06, 0.80, stalk=0.016, more="wrinkles"),
    "cooking": Apple(0.0440, 0.0330, 0.02, 0.88, lobes=4, stalk=0.007, lean=0.004),
}
PEARS = {
    "halved": Pear(0.0330, 0.0920, 0.0150, cut=180.0),
    "quarter": Pear(0.0350, 0.0880, 0.0170, 0.80, cut=88.0),
    "slice": Pear(0.0330, 0.0900, 0.0145, 0.76, slab=0.0040),
    "core": Pear(0.0320, 0.0940, 0.0170, 0.82, stalk=0.018, more="core"),
    "half_peeled": Pear(0.0330, 0.0900, 0.0155, 0.80, stalk=0.016, more="peel"),
    "waxed": Pear(0.0360, 0.0860, 0.0170, 0.84, stalk=0.016, more="wax"),
    "tissue": Pear(0.0330, 0.0900, 0.0150, 0.78, stalk=0.018, more="tissue"),
    "netted": Pear(0.0345, 0.0930, 0.0160, 0.78, stalk=0.014, more="net"),
    "wooden": Pear(0.0290, 0.0700, 0.0165, 0.80, stalk=0.004, more="toy"),
    "twig": Pear(0.0300, 0.0800, 0.0125, 0.72, stalk=0.006, more="twig"),
    "abate": Pear(0.0265, 0.1340, 0.0130, 0.70, 0.010, stalk=0.024),
    "comice": Pear(0.0415, 0.0830, 0.0190, 0.90, 0.006, stalk=0.012, ribs=3),
}
LEMONS = {
    "wedge": Lemon(0.0820, 0.0280, piece=64.0),
    "slice": Lemon(0.0760, 0.0290, more="slice"),
    "zested": Lemon(0.0820, 0.0270, more="zest"),
    "half_peeled": Lemon(0.0800, 0.0275, 0.26, 0.74, more="peel"),
    "netted": Lemon(0.0790, 0.0270, 0.24, 0.70, more="net"),
    "labelled": Lemon(0.0830, 0.0265, 0.22, 0.68, more="label"),
    "juice_bottle": Lemon(0.0780, 0.0270, 0.34, 0.74, more="bottle"),
    "cutting_toy": Lemon(0.0680, 0.0255, 0.24, 0.72, more="seam"),
    "blossom": Lemon(0.0760, 0.0250, 0.24, 0.70, 0.0, 1, True, more="blossom"),
    "citron": Lemon(0.1240, 0.0410, 0.24, 0.76, 0.07),
    "furrowed": Lemon(0.0860, 0.0275, 0.24, 0.64, ribs=8),
    "crooked": Lemon(0.0900, 0.0255, 0.30, 0.56, bend=0.011),
}
BANANAS = {
    "cut_half": Banana(0.180, 0.0170, 0.034, 0.1, left=(0.0, 0.56)),
    "chunk": Banana(0.190, 0.0180, 0.034, 0.05, left=(0.30, 0.68)),
    "split": Banana(0.175, 0.0175, 0.032, 0.0, 1, 10, more="split"),
    "empty_peel": Banana(0.180, 0.0170, 0.030, more="peel"),
    "spotted": Banana(0.170, 0.0170, 0.038, 0.1, more="spots"),
    "labelled": Banana(0.185, 0.0165, 0.036, 0.15, 1, 6, more="label"),
    "crown_wrap": Banana(0.165, 0.0165, 0.040, 0.2, 1, 6, 0.12, more="wrap"),
    "cutting_toy": Banana(0.140, 0.0180, 0.028, 0.0, 1, 16, 0.12, 0.4, more="seams"),
    "unripe_ends": Banana(0.180, 0.0160, 0.034, -0.1, 1, 5, 0.14, more="tips"),
    "burro": Banana(0.116, 0.0220, 0.013, 0.2, 1, 4, 0.13, 0.3),
    "lady_finger": Banana(0.088, 0.0120, 0.012, 0.1, 1, 8, 0.14, 0.34),
}
CARROTS = {
    "halved": Course(0.150, 0.0200, (0.12, 0.46, 0.70, 0.88, 1.0, 0.9), 0.0, "stubs", (), 180.0),
    "chunk": Course(0.058, 0.0200, (0.90, 0.95, 1.0, 1.0), 0.0, "none", ("ends",)),
    "half_peeled": Course(0.160, 0.0185, (0.10, 0.46, 0.70, 0.88, 1.0, 0.85), 0.0, "cut", ("peel",)),
    "three_legged": Course(0.135, 0.0205, (0.08, 0.34, 0.50, 0.86, 1.0, 0.8), 0.0, "tuft", ("legs",)),
    "twined": Course(0.150, 0.0125, (0.10, 0.50, 0.74, 0.90, 1.0, 1.1), 0.0, "tuft", ("twined",)),
    "felt_toy": Course(0.125, 0.0225, (0.30, 0.56, 0.76, 0.92, 1.0, 0.80), 0.0, "felt", ("toy",)),
    "hairy": Course(0.150, 0.0170, (0.08, 0.44, 0.68, 0.86, 1.0, 0.8), 0.0, "fern", ("hairs",)),
    "nibbled": Course(0.130, 0.0190, (0.42, 0.50, 0.90, 0.97, 1.0, 0.8), 0.0, "tuft", ("bites",)),
    "cracked": Course(0.145, 0.0215, (0.14, 0.62, 0.86, 0.98, 1.0, 0.8), 0.0, "stubs", ("crack",)),
    "green_shoulder": Course(0.140, 0.0225, (0.10, 0.42, 0.64, 0.84, 1.0, 0.94), 0.0, "cut", ("shoulder",)),
    "tailed": Course(0.120, 0.0180, (0.50, 0.94, 1.0, 1.0, 1.0, 0.8), 0.0, "fern", ("tail",)),
    "bunch": Course(0.140, 0.0140, (0.08, 0.44, 0.68, 0.86, 1.0, 0.8), 0.0, "fern", ("bunch",)),
}
EGGPLANTS = {
    "halved": Course(0.150, 0.0330, (0.30, 0.88, 1.0, 0.96, 0.80, 0.64, 0.56), 0.0, "tuft", (), 180.0),
    "scored": Course(0.140, 0.0360, (0.34, 0.90, 1.0, 0.94, 0.76, 0.60, 0.54), 0.0, "long", ("scored",), 180.0),
    "slice": Course(0.090, 0.0370, (1.0, 1.0), 0.0, "none", ("slice",)),
    "capless": Course(0.135, 0.0310, (0.28, 0.86, 1.0, 0.98, 0.88, 0.76, 0.70), 0.0, "none", ("bare",)),
    "labelled": Course(0.145, 0.0330, (0.34, 0.90, 1.0, 0.98, 0.90, 0.76, 0.64), 0.0, "tuft", ("label",)),
    "nosed": Course(0.150, 0.0310, (0.30, 0.88, 1.0, 0.95, 0.80, 0.66, 0.58), 0.0, "tuft", ("nose",)),
    "thai": Course(0.048, 0.0225, (0.45, 0.90, 1.0, 0.96, 0.72), 0.0, "long", ("hood",)),
    "thorny": Course(0.140, 0.0280, (0.34, 0.88, 1.0, 0.98, 0.86, 0.76, 0.70), 0.010, "long", ("thorns",)),
    "cluster": Course(0.090, 0.0200, (0.36, 0.90, 1.0, 0.94, 0.78, 0.60), 0.0, "long", ("cluster",)),
    "hooded": Course(0.165, 0.0210, (0.34, 0.84, 0.98, 1.0, 0.96, 0.90, 0.80), 0.014, "long", ("hood",)),
    "wooden": Course(0.095, 0.0250, (0.45, 0.92, 1.0, 0.92, 0.74, 0.56), 0.0, "peg", ("bare",)),
    "flat_bottomed": Course(0.130, 0.0360, (0.74, 0.97, 1.0, 0.90, 0.72, 0.54, 0.42)),
}
CUCUMBERS = {
    "spear": Course(0.140, 0.0230, (0.50, 0.92, 1.0, 1.0, 0.94, 0.60), 0.0, "stalk", (), 94.0),
    "halved": Course(0.160, 0.0220, (0.45, 0.92, 1.0, 1.0, 0.94, 0.55), 0.0, "stalk", (), 180.0),
    "slice": Course(0.090, 0.0240, (1.0, 1.0), 0.0, "slice", ("slice",)),
    "zebra": Course(0.175, 0.0210, (0.45, 0.92, 1.0, 1.0, 1.0, 0.94, 0.55), 0.006, "stalk", ("zebra", "bare")),
    "half_peeled": Course(0.170, 0.0205, (0.50, 0.92, 1.0, 1.0, 1.0, 0.94, 0.55), 0.004, "stalk", ("peeled", "bare")),
    "film": Course(0.180, 0.0200, (0.42, 0.92, 1.0, 1.0, 1.0, 0.95, 0.50), 0.0, "stalk", ("film",)),
    "banded_three": Course(0.110, 0.0150, (0.45, 0.92, 1.0, 1.0, 0.92, 0.55), 0.0, "stalk", ("trio",)),
    "on_stick": Course(0.110, 0.0180, (0.48, 0.92, 1.0, 1.0, 0.92, 0.55), 0.0, "stalk", ("stick", "warts")),
    "nibbled": Course(0.125, 0.0200, (0.60, 0.68, 1.0, 1.0, 0.94, 0.55), 0.0, "stalk", ("bites",)),
    "leafy": Course(0.130, 0.0190, (0.45, 0.92, 1.0, 0.98, 0.90, 0.50), 0.010, "stalk", ("leaf",)),
    "part_sliced": Course(0.105, 0.0210, (0.45, 0.92, 1.0, 1.0, 1.0, 1.0), 0.0, "slice", ("sliced",)),
    "overripe": Course(0.165, 0.0360, (0.40, 0.80, 0.96, 1.0, 0.98, 0.82, 0.42), 0.006, "stalk"),
}
PEPPERS = {
    "halved": Pepper(((0.020, -0.038), (0.032, -0.022), (0.037, 0.014), (0.028, 0.038)), 4, cut=180.0),
    "ring": Pepper(((0.024, -0.030), (0.033, -0.020), (0.036, 0.012), (0.028, 0.032)), 4, more="ring"),
    "hollowed": Pepper(((0.022, -0.036), (0.032, -0.026), (0.036, 0.002), (0.034, 0.026)), 4, more="hollow"),
    "stuffed": Pepper(((0.023, -0.030), (0.034, -0.020), (0.038, 0.002), (0.034, 0.022)), 4, more="stuffed"),
    "padron": Pepper(((0.005, -0.040), (0.011, -0.026), (0.015, 0.010), (0.012, 0.032)), 3, 0.008, more="furrows"),
    "dried": Pepper(((0.004, -0.058), (0.013, -0.032), (0.019, 0.010), (0.013, 0.044)), 0, 0.014, more="dried"),
    "stinger": Pepper(((0.012, -0.022), (0.020, -0.012), (0.024, 0.004), (0.018, 0.018)), 4, more="tail"),
    "bishops_crown": Pepper(
        ((0.012, -0.020), (0.022, -0.011), (0.038, 0.003), (0.015, 0.016)), 3, 0.0, 0.030, deep=0.52
    ),
    "corkscrew": Pepper(((0.003, -0.080), (0.008, -0.045), (0.0115, 0.010), (0.010, 0.050)), 0, more="corkscrew"),
    "cluster": Pepper(((0.003, -0.044), (0.008, -0.020), (0.0105, 0.012), (0.009, 0.032)), 0, 0.008, more="cluster"),
    "leafy": Pepper(((0.010, -0.046), (0.018, -0.030), (0.024, 0.008), (0.019, 0.040)), 3, 0.006, 0.032, more="leaves"),
    "wooden": Pepper(((0.018, -0.026), (0.028, -0.016), (0.030, 0.006), (0.024, 0.024)), 4, more="peg"),
}
PICTURED: dict[str, Family] = {
    "apple": (APPLES, fruit.apple),
    "pear": (PEARS, fruit.pear),
    "lemon": (LEMONS, fruit.lemon),
    "banana": (BANANAS, bananas.banana),
    "carrot": (CARROTS, vegetables.carrot),
    "eggplant": (EGGPLANTS, vegetables.eggplant),
    "cucumber": (CUCUMBERS, vegetables.cucumber),
    "pepper": (PEPPERS, peppers.pepper),
    **allotment.PICTURED,
    **corncobs.PICTURED,
}
