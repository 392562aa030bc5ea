# SPDX-License-Identifier: Apache-2.0
"""An instruction that says where something is to go: "put the red mug into the tray" is two phrases."""

from __future__ import annotations

import re
from dataclasses import dataclass

_VERBS = r"put|place|set|drop|move|lay|stow|deposit|transfer|bring|carry|return|leave|stick|get|want|need|like"
_SURE = r"into|onto|inside|upon"  # where these stand, an "in" or "on" before them belongs to the object
_POSSIBLE = r"in|on|to"
_AGAIN = re.compile(r"^(it|that|this|them)$")
_NOT_GOALS = re.compile(r"^(the |your |my )?(far )?(left|right|table|front|back|floor|air)\b")


@dataclass(frozen=True)
class PlacingPhrases:
    """What is to be put, and where: noun phrases."""

    thing: str
    goal: str


def split_placing(text: str) -> PlacingPhrases | None:
    """Return the two phrases of an instruction that puts something somewhere; None for one that does not."""
    plain = " ".join(re.sub(r"[^\w\s'’-]", " ", text.lower()).split())
    verbs = list(re.finditer(rf"\b({_VERBS})\b", plain))
    if not verbs:
        return None
    verb = verbs[-1]  # of "pick up the mug and put it into the tray" the last says where it goes
    said, before = plain[verb.end() :].strip(), plain[: verb.start()].strip()
    for words in (_SURE, _POSSIBLE):
        for found in reversed(list(re.finditer(rf"\b({words})(\s+top\s+of|\s+to)?\s+", said))):
            thing, goal = said[: found.start()].strip(), said[found.end() :].strip()
            if not goal or _NOT_GOALS.match(goal):
                continue
            if not thing or _AGAIN.match(thing):
                thing = re.sub(r"\b(and|then|to)\b\s*$", "", re.sub(r"\b(and|then)\b\s*$", "", before).strip()).strip()
            return PlacingPhrases(thing, goal) if thing else None
    return None
