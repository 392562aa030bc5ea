# SPDX-License-Identifier: Apache-2.0
"""The rules of acting that are written by hand beside the networks: each can be left out, to see what it is worth."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ActingRules:
    """Which rules apply; `rules` of config/policies/graspvla.yaml. docs/graspvla.md says what each is worth."""

    reopen: bool = True  # fingers that closed on nothing are opened after a while
    decide: bool = True  # fingers are open or closed, never between, and a change must last to the end of the chunk
    rise: bool = True  # a hand that stands on something is taken up, and the next grasp is another
    commit: bool = True  # close to its grasp the hand goes through with it
    smooth: bool = True  # a grasp like the last one is averaged with it
    deeper: bool = True  # grasps are some millimetres lower than they were found
    elsewhere: bool = True  # after a grasp that held nothing the next is elsewhere, or turned
    turn: bool = True  # of likely orientations the first in which the arm is strong; else the likeliest
    remember: bool = True  # an object is believed to be elsewhere only after it was seen there again and again
