# SPDX-License-Identifier: Apache-2.0
"""Quality of service of every topic, stated once.

Publishers are reliable, so that a recorder can ask for every message; those who only want the newest sample
subscribe best-effort, which spares both sides the acknowledgements.
"""

from __future__ import annotations

from rclpy.duration import Duration
from rclpy.qos import DurabilityPolicy, HistoryPolicy, LivelinessPolicy, QoSProfile, ReliabilityPolicy


def _profile(depth: int, reliable: bool = True, latched: bool = False) -> QoSProfile:
    return QoSProfile(
        history=HistoryPolicy.KEEP_LAST,
        depth=depth,
        reliability=ReliabilityPolicy.RELIABLE if reliable else ReliabilityPolicy.BEST_EFFORT,
        durability=DurabilityPolicy.TRANSIENT_LOCAL if latched else DurabilityPolicy.VOLATILE,
    )


STREAM = _profile(10)  # published: joint states, commands, poses, progress
NEWEST = _profile(1, reliable=False)  # subscribed: only the latest sample matters
# Subscribed: only the latest sample matters, and the publisher can wait until it has been received.
HEARD = _profile(1)
BUFFERED = _profile(50, reliable=False)  # subscribed: samples that are kept to be interpolated
EVENTS = _profile(10)  # chunks, diagnostics: each one counts
EXPOSURES = _profile(2)  # states to be drawn: as many as the world waits for; where it does not, the newest
# What of them is drawn; the middleware says within half a second that nobody is there any more to draw.
DRAWN = _profile(10)
DRAWN.liveliness, DRAWN.liveliness_lease_duration = LivelinessPolicy.AUTOMATIC, Duration(seconds=0.5)
LATCHED = _profile(1, latched=True)  # instruction, estop, sim/scene, fixed camera poses: late joiners get the last one
# Of cameras on the robot: a pose for every picture, so that none may be lost on the way to its picture; latched, since
# whoever listens to cameras listens to both kinds alike.
MOVING = _profile(20, latched=True)
MARKS = _profile(10, latched=True)  # where episodes begin and end: whoever comes late gets the last ones
# Images are large: reliable, or fragments get lost (DESIGN, facts about the pip home); a shallow history keeps the
# shared-memory segment small.
IMAGES = _profile(4)
IMAGES_NEWEST = _profile(2)
# Heard by the node that says instructions itself: what a person says must not be lost behind an echo.
INSTRUCTIONS = _profile(10, latched=True)
CLOCK = _profile(1, reliable=False)
