# SPDX-License-Identifier: Apache-2.0
"""Families of shapes: what a category's shapes have in common is a function, a shape is a row of its table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from vla_ros.objects.paint import Paint
from vla_ros.objects.parts import Part
from vla_ros.objects.recipes.families import (
    bananas,
    bath,
    brushes,
    cars,
    cartons,
    drinkware,
    electronics,
    fruit,
    grips,
    harbour,
    packages,
    peppers,
    stationery,
    tablecutlery,
    tins,
    toolbox,
    toychest,
    trains,
    vegetables,
    wrenches,
)

Family = tuple[Mapping[str, Any], Callable[[Any, Paint], list[Part]]]

FAMILIES: dict[str, Family] = {
    "mug": (drinkware.MUGS, drinkware.mug),
    "cup": (drinkware.CUPS, drinkware.cup),
    "bowl": (drinkware.BOWLS, drinkware.bowl),
    "bottle": (packages.BOTTLES, packages.bottle),
    "can": (tins.CANS, tins.can),
    "jar": (packages.JARS, packages.jar),
    "box": (cartons.BOXES, cartons.box),
    "tube": (cartons.TUBES, cartons.squeezable),
    "spoon": (tablecutlery.SPOONS, tablecutlery.spoon),
    "fork": (tablecutlery.FORKS, tablecutlery.fork),
    "knife": (tablecutlery.KNIVES, tablecutlery.knife),
    "apple": (fruit.APPLES, fruit.apple),
    "pear": (fruit.PEARS, fruit.pear),
    "lemon": (fruit.LEMONS, fruit.lemon),
    "banana": (bananas.BANANAS, bananas.banana),
    "carrot": (vegetables.CARROTS, vegetables.carrot),
    "eggplant": (vegetables.EGGPLANTS, vegetables.eggplant),
    "cucumber": (vegetables.CUCUMBERS, vegetables.cucumber),
    "pepper": (peppers.PEPPERS, peppers.pepper),
    "hammer": (toolbox.HAMMERS, toolbox.hammer),
    "screwdriver": (toolbox.SCREWDRIVERS, toolbox.screwdriver),
    "wrench": (wrenches.WRENCHES, wrenches.wrench),
    "pliers": (grips.PLIERS, grips.pliers),
    "flashlight": (grips.FLASHLIGHTS, grips.flashlight),
    "brush": (brushes.BRUSHES, brushes.brush),
    "car": (cars.CARS, cars.car),
    "train": (trains.TRAINS, trains.train),
    "boat": (harbour.BOATS, harbour.boat),
    "remote": (electronics.REMOTES, electronics.remote),
    "phone": (electronics.PHONES, electronics.phone),
    "stapler": (stationery.STAPLERS, stationery.stapler),
    "comb": (stationery.COMBS, stationery.comb),
    "candle": (bath.CANDLES, bath.candle),
    "soap": (bath.SOAPS, bath.soap),
    "sponge": (bath.SPONGES, bath.sponge),
    "ball": (toychest.BALLS, toychest.ball),
    "block": (toychest.BLOCKS, toychest.block),
    "marker": (toychest.MARKERS, toychest.marker),
}
