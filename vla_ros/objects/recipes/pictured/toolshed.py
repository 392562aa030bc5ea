# SPDX-License-Identifier: Apache-2.0
"""Tools, and what lies on a desk that only pictures with boxes show."""

from __future__ import annotations

from vla_ros.objects.recipes.families import Family, electronics, grips, stationery, toolbox, wrenches
from vla_ros.objects.recipes.families.electronics import Slab
from vla_ros.objects.recipes.families.grips import Flashlight, Pliers
from vla_ros.objects.recipes.families.stationery import Comb, Stapler
from vla_ros.objects.recipes.families.toolbox import Hammer, Screwdriver
from vla_ros.objects.recipes.families.wrenches import Wrench

HAMMERS = {
    "hatchet": Hammer(0.220, (0.0125, 0.0135, 0.0100, 0.0095), "square", "axe", 0.054, 0.0125),
    "mason": Hammer(0.205, (0.0120, 0.0130, 0.0100, 0.0095), "square", "chisel", 0.062, 0.0125, True, True),
    "squeaky": Hammer(0.195, (0.0105, 0.0095, 0.0095, 0.0095), "bellows", "same", 0.050, 0.0290, False),
    "genno": Hammer(0.235, (0.0110, 0.0115, 0.0100, 0.0095), "octagon", "same", 0.040, 0.0155),
    "dead_blow": Hammer(0.210, (0.0130, 0.0145, 0.0125, 0.0120), "ribbed", "same", 0.048, 0.0230, False),
    "reflex": Hammer(0.190, (0.0065, 0.0070, 0.0045, 0.0040), "rubber", "tip", 0.030, 0.0125, True, True),
    "chipping": Hammer(
        0.200, (0.0050, 0.0050, 0.0050, 0.0050), "chisel", "pick", 0.060, 0.0095, True, False, False, True
    ),
    "cobbler": Hammer(0.175, (0.0120, 0.0110, 0.0085, 0.0085), "mushroom", "chisel", 0.048, 0.0140),
    "norse": Hammer(0.150, (0.0105, 0.0100, 0.0100, 0.0100), "block", "same", 0.050, 0.0260, False, False, True),
    "carpenter": Hammer(0.225, (0.0110, 0.0125, 0.0085, 0.0090), "round", "claw", 0.050, 0.0135, False, False, True),
    "croquet": Hammer(0.240, (0.0075, 0.0075, 0.0075, 0.0075), "drum", "same", 0.064, 0.0170, False, False, True),
    "drilling": Hammer(0.165, (0.0130, 0.0145, 0.0125, 0.0115), "square", "same", 0.042, 0.0170),
}

SCREWDRIVERS = {
    "insulated": Screwdriver(
        ((0.0120, 0), (0.0150, 0.012), (0.0135, 0.050), (0.0155, 0.075), (0.0095, 0.098)),
        28,
        0.095,
        0.0032,
        "guard",
        "cross",
        "sleeve",
    ),
    "tester": Screwdriver(
        ((0.0065, 0), (0.0070, 0.006), (0.0070, 0.062), (0.0045, 0.074)), 6, 0.062, 0.0020, "clip", "flat", "sleeve"
    ),
    "pistol": Screwdriver(
        ((0.0155, 0), (0.0170, 0.010), (0.0150, 0.040), (0.0165, 0.065), (0.0150, 0.085)),
        28,
        0.095,
        0.0036,
        "soft",
        "cross",
        "bit",
        68.0,
    ),
    "two_tone": Screwdriver(
        (
            (0.0125, 0),
            (0.0165, 0.008),
            (0.0175, 0.030),
            (0.0140, 0.060),
            (0.0120, 0.082),
            (0.0150, 0.094),
            (0.0100, 0.104),
        ),
        28,
        0.100,
        0.0034,
        "soft",
        "cross",
    ),
    "bolstered": Screwdriver(
        ((0.0150, 0), (0.0185, 0.008), (0.0175, 0.060), (0.0140, 0.094), (0.0125, 0.102)),
        6,
        0.105,
        0.0042,
        "bolster",
        "flat",
        "square",
    ),
    "flexible": Screwdriver(
        ((0.0110, 0), (0.0150, 0.010), (0.0150, 0.058), (0.0095, 0.076)), 10, 0.125, 0.0044, "collar", "hex", "flex"
    ),
    "bit_holder": Screwdriver(
        ((0.0155, 0), (0.0190, 0.014), (0.0180, 0.034), (0.0140, 0.058), (0.0165, 0.074), (0.0120, 0.084)),
        28,
        0.070,
        0.0036,
        "cap",
        "cross",
        "bit",
    ),
    "electric": Screwdriver(
        ((0.0170, 0), (0.0210, 0.006), (0.0200, 0.070), (0.0225, 0.100), (0.0215, 0.128), (0.0130, 0.142)),
        28,
        0.050,
        0.0036,
        "button",
        "cross",
        "bit",
    ),
    "scaled": Screwdriver(
        ((0.0130, 0), (0.0165, 0.008), (0.0160, 0.055), (0.0115, 0.075), (0.0115, 0.092)),
        28,
        0.095,
        0.0042,
        "bolster",
        "flat",
        "plain",
        0.0,
        0.55,
    ),
    "triangular": Screwdriver(
        ((0.0140, 0), (0.0195, 0.008), (0.0195, 0.060), (0.0130, 0.084)), 3, 0.080, 0.0036, "bolster", "cross"
    ),
    "carburettor": Screwdriver(
        ((0.0080, 0), (0.0105, 0.006), (0.0095, 0.036), (0.0060, 0.050)), 12, 0.150, 0.0023, "rings", "flat"
    ),
    "spiral": Screwdriver(
        ((0.0120, 0), (0.0165, 0.010), (0.0165, 0.030), (0.0110, 0.058), (0.0120, 0.064)),
        28,
        0.145,
        0.0036,
        "collar",
        "flat",
        "spiral",
    ),
}

WRENCHES = {
    "flare_nut": Wrench(0.175, 0.0080, 0.0062, "flare", "flare", (0.0185, 0.0155)),
    "half_moon": Wrench(0.165, 0.0085, 0.0065, "ring", "ring", (0.0190, 0.0165), False, False, 0.034),
    "s_shaped": Wrench(0.170, 0.0090, 0.0065, "open", "open", (0.0195, 0.0170), False, False, 0.0, 0.014),
    "lug_cross": Wrench(0.190, 0.0060, 0.0060, "cup", "cup", (0.0125, 0.0105), False, False, 0.0, 0.0, 0.095),
    "lug_arm": Wrench(0.190, 0.0070, 0.0070, "elbow", "none", (0.0125, 0.0100), True, False),
    "strap": Wrench(0.205, 0.0105, 0.0085, "strap", "hole", (0.0340, 0.0130), False, True),
    "hook": Wrench(0.190, 0.0095, 0.0050, "hook", "hole", (0.0270, 0.0120), False, False),
    "bone": Wrench(0.115, 0.0095, 0.0075, "bone", "bone", (0.0200, 0.0200), False, False),
    "alligator": Wrench(0.165, 0.0090, 0.0055, "vee", "vee", (0.0210, 0.0165), False, True),
    "tee_key": Wrench(0.165, 0.0055, 0.0055, "cup", "bar", (0.0115, 0.0130), False, False),
    "toy": Wrench(0.155, 0.0150, 0.0110, "open", "ring", (0.0300, 0.0240), False, True),
    "crescent": Wrench(0.165, 0.0095, 0.0062, "crescent", "hole", (0.0225, 0.0120)),
}

_BROAD = ((-0.3, 0.013), (0.6, 0.0115), (0.95, 0.009), (1, 0.0008))
_THIN = ((-0.2, 0.0100), (0.3, 0.0085), (1, 0.0040))
PLIERS = {
    "bent_nose": Pliers(0.185, 0.062, _THIN, 0.022, "bowed", 0.0074, 1.0, False, 0.0, 0.026),
    "open": Pliers(0.170, 0.036, _BROAD, 0.022, "bowed", 0.0080, 1.0, False, 13.0),
    "wire_stripper": Pliers(
        0.165,
        0.048,
        ((-0.2, 0.013), (0.5, 0.0125), (0.9, 0.0105), (1, 0.007), (1, 0.0005)),
        0.024,
        "flared",
        0.0066,
        0.85,
        True,
        4.0,
        extra="holes",
    ),
    "hole_punch": Pliers(
        0.195,
        0.048,
        ((-0.2, 0.012), (0.5, 0.011), (1, 0.0075), (1, 0.0006)),
        0.024,
        "bowed",
        0.0078,
        0.9,
        True,
        9.0,
        extra="wheel",
    ),
    "bolt_cutter": Pliers(
        0.220,
        0.026,
        ((-0.6, 0.014), (0.2, 0.016), (0.7, 0.0125), (1, 0.004), (1, 0.0005)),
        0.030,
        "long",
        0.0078,
        0.7,
        False,
        5.0,
        extra="bolts",
    ),
    "multitool": Pliers(0.150, 0.036, ((-0.2, 0.011), (0.4, 0.0085), (1, 0.0038), (1, 0.0005)), 0.026, "slab", 0.0072),
    "seamer": Pliers(
        0.190, 0.034, ((-0.3, 0.012), (0.25, 0.014), (0.5, 0.034), (1, 0.034), (1, 0.0008)), 0.024, "bowed", 0.0082
    ),
    "oil_filter": Pliers(
        0.205,
        0.072,
        ((-0.2, 0.014), (0.3, 0.0125), (1, 0.0090)),
        0.023,
        "straight",
        0.0074,
        0.8,
        False,
        6.0,
        0.0,
        0.020,
    ),
    "circlip": Pliers(
        0.165,
        0.048,
        ((-0.2, 0.0105), (0.3, 0.0075), (0.68, 0.0052), (0.70, 0.0022), (1, 0.0018), (1, 0.0004)),
        0.024,
        "flared",
        0.0070,
        1.0,
        True,
        5.0,
    ),
    "fencing": Pliers(
        0.215,
        0.034,
        ((-0.3, 0.015), (0.4, 0.014), (1, 0.011), (1, 0.0008)),
        0.024,
        "bowed",
        0.0078,
        0.9,
        extra="poll",
    ),
    "insulated": Pliers(0.180, 0.038, _BROAD, 0.023, "bowed", 0.0092, extra="guards"),
    "cable_cutter": Pliers(
        0.200,
        0.044,
        ((-0.2, 0.020), (0.3, 0.019), (0.7, 0.013), (1, 0.004)),
        0.023,
        "straight",
        0.0082,
        1.0,
        False,
        8.0,
        0.0,
        0.009,
    ),
}

FLASHLIGHTS = {
    "angle_head": Flashlight(
        ((0.0170, 0), (0.0185, 0.006), (0.0180, 0.010), (0.0180, 0.112), (0.0190, 0.120)), ("clip",), elbow=0.036
    ),
    "spotlight": Flashlight(
        ((0.0220, 0), (0.0320, 0.006), (0.0360, 0.040), (0.0450, 0.052), (0.0450, 0.082)), ("rings",), pistol=0.062
    ),
    "dynamo": Flashlight(
        ((0.0130, 0), (0.0210, 0.010), (0.0245, 0.045), (0.0220, 0.080), (0.0275, 0.094), (0.0275, 0.106)),
        ("crank", "lanyard"),
    ),
    "work_light": Flashlight(
        ((0.0130, 0), (0.0155, 0.005), (0.0155, 0.150), (0.0188, 0.156), (0.0188, 0.168)), ("strip", "ring")
    ),
    "wand": Flashlight(
        ((0.0150, 0), (0.0165, 0.006), (0.0155, 0.075), (0.0200, 0.090), (0.0200, 0.100)), ("cone", "switch")
    ),
    "gooseneck": Flashlight(
        ((0.0135, 0), (0.0140, 0.004), (0.0140, 0.070), (0.0155, 0.074), (0.0155, 0.084)),
        ("knurl", "switch"),
        neck=0.080,
    ),
    "many_led": Flashlight(
        ((0.0125, 0), (0.0140, 0.005), (0.0140, 0.060), (0.0180, 0.068), (0.0180, 0.092)), ("leds", "knurl", "lanyard")
    ),
    "fluted": Flashlight(
        ((0.0180, 0), (0.0190, 0.004), (0.0175, 0.008), (0.0175, 0.105), (0.0290, 0.128), (0.0300, 0.146)),
        ("flutes", "slide"),
    ),
    "squeeze": Flashlight(
        ((0.0110, 0), (0.0180, 0.012), (0.0195, 0.045), (0.0185, 0.072), (0.0235, 0.086), (0.0235, 0.096)), ("lever",)
    ),
    "animal": Flashlight(
        ((0.0185, 0), (0.0200, 0.006), (0.0180, 0.058), (0.0290, 0.074), (0.0300, 0.096)), ("ears", "switch")
    ),
    "searchlight": Flashlight(
        ((0.0165, 0), (0.0180, 0.005), (0.0180, 0.115), (0.0440, 0.140), (0.0460, 0.168)),
        ("switch", "lanyard", "rings"),
    ),
    "armoured": Flashlight(
        ((0.0200, 0), (0.0225, 0.008), (0.0225, 0.090), (0.0330, 0.104), (0.0330, 0.128)), ("armour", "slide"), 8
    ),
}

REMOTES = {
    "streaming": Slab((0.068, 0.0190, 0.0085), (1.0, 1.0), 0.010, ("wheel", "round")),
    "keyboard": Slab((0.075, 0.0380, 0.0080), (1.0, 1.0), 0.008, ("wheel", "board")),
    "motion": Slab((0.074, 0.0180, 0.0150), (1.0, 1.0), 0.005, ("cross",)),
    # sharp corners keep it from being mixed with what is held in one hand
    "transmitter": Slab((0.048, 0.0750, 0.0160), (0.74, 1.0, 0.96), 0.0, ("sticks", "antenna")),
    "light_strip": Slab((0.043, 0.0270, 0.0050), (1.0, 1.0), 0.004, ("rainbow",)),
    "crane": Slab((0.095, 0.0300, 0.0180), (0.82, 1.0, 1.0), 0.008, ("stop", "domes", "antenna")),
    "bed": Slab((0.062, 0.0270, 0.0120), (0.86, 1.0, 0.95), 0.010, ("big", "cable")),
    "touch": Slab((0.090, 0.0270, 0.0105), (0.84, 0.92, 1.0), 0.008, ("touch", "round")),
    "arched": Slab((0.098, 0.0190, 0.0070), (1.0, 0.92, 1.0), 0.007, ("round", "wheel"), 0.016),
    "rockers": Slab((0.082, 0.0210, 0.0080), (1.0, 1.0), 0.007, ("rockers", "pair")),
    "toy": Slab((0.065, 0.0340, 0.0150), (0.80, 0.94, 1.0), 0.016, ("toys",)),
    "bulbous": Slab((0.088, 0.0290, 0.0110), (0.62, 0.56, 0.62, 0.90, 1.0, 0.86), 0.012, ("wheel", "round")),
}

PHONES = {
    "camera_back": Slab((0.074, 0.0355, 0.0060), (1.0, 1.0), 0.009, ("cameras",)),
    "camera_bar": Slab((0.078, 0.0370, 0.0060), (1.0, 1.0), 0.006, ("camera_bar",)),
    "ring_grip": Slab((0.070, 0.0345, 0.0065), (1.0, 1.0), 0.008, ("cameras", "grip")),
    "notched": Slab((0.072, 0.0350, 0.0055), (1.0, 1.0), 0.009, ("screen", "lit")),
    "rotary": Slab((0.066, 0.0700, 0.0300), details=("dial",), desk=0.165),
    "push_button": Slab((0.085, 0.0720, 0.0220), details=("keys",), desk=0.165),
    "chatter": Slab((0.058, 0.0480, 0.0280), details=("dial", "wheels"), desk=0.130),
    "book_fold": Slab((0.072, 0.0640, 0.0045), (1.0, 1.0), 0.006, ("fold",)),
    "foam_case": Slab((0.070, 0.0430, 0.0130), (1.0, 1.0), 0.012, ("inset_screen", "loop")),
    "palmtop": Slab((0.060, 0.0380, 0.0080), (1.0, 1.0), 0.008, ("upper", "navigator")),
    "call": Slab((0.073, 0.0360, 0.0060), (1.0, 1.0), 0.010, ("screen", "call")),
    "wallet": Slab((0.070, 0.0350, 0.0065), (1.0, 1.0), 0.007, ("screen", "lit", "wallet")),
}

STAPLERS = {
    "opened": Stapler(0.120, 0.034, 0.100, 0.50, 0.007, ("opened",)),
    "tacker": Stapler(0.155, 0.030, 0.125, frame="tacker"),
    "electric": Stapler(0.125, 0.062, 0.066, frame="electric"),
    "plunger": Stapler(0.135, 0.038, 0.096, frame="plunger"),
    "beetle": Stapler(0.090, 0.056, 0.044, frame="beetle"),
    "crocodile": Stapler(0.140, 0.036, 0.050, 0.30, 0.006, ("eyes", "teeth")),
    "rabbit": Stapler(0.092, 0.042, 0.050, 0.40, 0.014, ("eyes", "ears")),
    "capped": Stapler(0.130, 0.036, 0.052, 0.32, 0.009, ("cover",)),
    "streamlined": Stapler(0.135, 0.036, 0.056, 0.24, 0.006, ("swept",)),
    "leaf_spring": Stapler(0.125, 0.030, 0.048, 0.20, 0.002, ("spring",)),
    "turntable": Stapler(0.140, 0.032, 0.056, 0.26, 0.004, ("turntable", "pad")),
    "broad": Stapler(0.100, 0.054, 0.046, 0.36, 0.010, ("cover", "window")),
}

COMBS = {
    "lift": Comb(0.205, 0.030, -0.02, 24, 0.0012, 0.38, 0.0, ("prongs",)),
    "folding": Comb(0.190, 0.030, 0.02, 26, 0.0012, 0.40, 0.0, ("case", "ends")),
    "ornament": Comb(0.095, 0.050, -0.90, 18, 0.0014, 0.30, 0.008, ("beads",)),
    "crest": Comb(0.115, 0.060, -0.88, 14, 0.0018, 0.24, 0.0, ("crest",)),
    "mane": Comb(0.125, 0.046, -0.94, 14, 0.0022, 0.30, 0.0, ("loop", "ends")),
    "dog": Comb(0.175, 0.042, -0.95, 26, 0.0014, 0.20, 0.0, ("pins",)),
    "fishbone": Comb(0.185, 0.050, -0.10, 15, 0.0022, 0.22, 0.0, ("shrinking",)),
    "wavy": Comb(0.160, 0.044, -0.95, 26, 0.0016, 0.38, 0.0, ("wavy", "ends")),
    "card": Comb(0.086, 0.054, -0.92, 20, 0.0013, 0.58, 0.0, ("card", "ends")),
    "fish": Comb(0.125, 0.048, -0.82, 16, 0.0020, 0.36, 0.0, ("fish",)),
    "finger_ring": Comb(0.170, 0.036, -0.30, 20, 0.0015, 0.36, 0.0, ("ring",)),
    "flat_top": Comb(0.235, 0.062, -0.22, 30, 0.0016, 0.52, 0.0, ("handle", "ends")),
}

PICTURED: dict[str, Family] = {
    "hammer": (HAMMERS, toolbox.hammer),
    "screwdriver": (SCREWDRIVERS, toolbox.screwdriver),
    "wrench": (WRENCHES, wrenches.wrench),
    "pliers": (PLIERS, grips.pliers),
    "flashlight": (FLASHLIGHTS, grips.flashlight),
    "remote": (REMOTES, electronics.remote),
    "phone": (PHONES, electronics.phone),
    "stapler": (STAPLERS, stationery.stapler),
    "comb": (COMBS, stationery.comb),
}
