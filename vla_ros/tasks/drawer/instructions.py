# SPDX-License-Identifier: Apache-2.0
"""The words of an instruction: what, into which drawer, one of a family's ways to say both, and how others say it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from controllers.errors import ConfigError
from vla_ros.configuration import load_config, share_directory
from vla_ros.objects.catalogue import Catalogue
from vla_ros.sim.scenes.naming import draw_color, draw_noun
from vla_ros.sim.scenes.random_streams import scene_generator
from vla_ros.sim.scenes.scene import PlacedObject
from vla_ros.sim.scenes.wording import FAMILIES, family, usual_family
from vla_ros.tasks.drawer.drawers import Drawer

_SLOTS = ("{object}", "{drawer}")
_PLACES = {
    "top": "top|upper|uppermost|topmost|highest",
    "middle": "middle|center|centre|central",
    "bottom": "bottom|lower|lowermost|lowest",
    "left": "left|leftmost",
    "right": "right|rightmost",
}


# What stands between "the" and what ends a description: where it is to go, what is done with it, the clause's end.
_PHRASE = re.compile(r"\bthe (.+?)(?=\s+(?:into|inside|in|to the inside|must|away|and|then)\b|\s*[,.;?!]|$)")


@dataclass(frozen=True)
class DrawerWording:
    """The file config/tasks/drawer_wording.yaml."""

    asking: dict[str, tuple[str, ...]]  # family → sentences

    def __post_init__(self) -> None:
        if set(self.asking) != set(FAMILIES):
            raise ConfigError(f"asking must have {', '.join(FAMILIES)}, got {', '.join(self.asking) or 'none'}")
        for sentence in (one for sentences in self.asking.values() for one in sentences):
            if any(sentence.count(slot) != 1 for slot in _SLOTS):
                raise ConfigError(f"asking: '{sentence}' must hold {', '.join(_SLOTS)} once each")


@cache
def drawer_wording() -> DrawerWording:
    """Return the sentences."""
    return load_config(share_directory() / "config" / "tasks" / "drawer_wording.yaml", DrawerWording)


def instruct(
    target: PlacedObject, drawer: str, catalogue: Catalogue, stream: str, seed: int, wording: str | None
) -> str:
    """Return a request such as "put the red mug into the top drawer and close it"; `drawer` is the drawer's name."""
    wording = usual_family(stream, wording)
    rng, words = scene_generator(stream, seed, "words"), family(wording)
    asking = str(rng.choice(drawer_wording().asking[wording]))
    noun = draw_noun(target.model, catalogue, words, rng)
    return asking.format(object=f"{draw_color(target.model, words, rng)} {noun}", drawer=drawer)


def thing_phrase(instruction: str) -> str | None:
    """Return the words for what is to be put away; None where an instruction puts nothing into anything."""
    plain = " ".join(instruction.lower().split())
    phrases = [found.group(1).strip() for found in _PHRASE.finditer(plain)]
    return next((f"the {phrase}" for phrase in phrases if not re.search(r"\bdrawers?\b", phrase)), None)


def meant_drawers(instruction: str, drawers: Sequence[Drawer]) -> tuple[Drawer, ...]:
    """Return the drawers that an instruction may mean: all of them where it only says "the drawer"; none without it."""
    plain = " ".join(re.sub(r"[^\w\s]", " ", instruction.lower()).split())
    if not re.search(r"\bdrawers?\b", plain):
        return ()
    said = {place for place, words in _PLACES.items() if re.search(rf"\b({words})\b( \w+)? drawer\b", plain)}
    return tuple(drawer for drawer in drawers if said <= set(drawer.place.split()))
