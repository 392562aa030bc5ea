# SPDX-License-Identifier: Apache-2.0
"""Black images, and images that stand still while the arm moves."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from vla_ros.data.quality.config import QualityConfig
from vla_ros.data.quality.episode_data import EpisodeData, ImageSeries, JointSeries
from vla_ros.data.quality.finding import Finding
from vla_ros.robots.embodiment import Embodiment, expand_urdf
from vla_ros.robots.structure import Structure


def measure(data: EpisodeData, config: QualityConfig) -> Iterator[Finding]:
    """Look at each camera."""
    for topic, series in sorted(data.images.items()):
        if not len(series.time):
            continue
        black = float((series.brightness < config.dark_level).mean())
        reason = f"{topic}: {100.0 * black:.0f} % of the images are black"
        yield Finding(f"black{topic}", black, config.black.penalty(black), reason, (topic,))
        if data.joints is None:
            continue
        carriers = carrying_joints(data.embodiment, topic)
        joints = data.joints.only(carriers) if carriers else data.joints
        frozen = longest_frozen(series, joints, config.same_change, config.moving_speed)
        reason = f"{topic}: the same image for {frozen:.1f} s while the arm moves"
        yield Finding(f"frozen_s{topic}", frozen, config.frozen.penalty(frozen), reason, (topic,))


def carrying_joints(robot: Embodiment | None, topic: str) -> frozenset[str]:
    """Name the joints that move a topic's camera where an arm carries it; none elsewhere.

    At an arm that rests it shows the same, whatever the other arm does.
    """
    if robot is None:
        return frozenset()
    for camera in robot.described_cameras:
        if camera.moves and f"/cameras/{camera.name}/" in topic:
            carriers = frozenset(joint.name for joint in Structure(expand_urdf(robot)).way_to(camera.frame))
            return carriers if any(arm.joints[-1] in carriers for arm in robot.arms) else frozenset()
    return frozenset()


def longest_frozen(images: ImageSeries, joints: JointSeries, same: float, moving: float) -> float:
    """Return for how long [s] the image stayed the same while the arm moved.

    A simulated camera that does not see the arm yet shows the same image, so a stretch at the beginning counts only
    when nothing ever changes after it.
    """
    speed = joints.speed()
    longest = current = 0.0
    seen = False  # that the camera shows changes
    for i in range(1, len(images.time)):
        if images.change[i] > same:
            longest, current, seen = (longest if seen else 0.0), 0.0, True
            continue
        during = (joints.time >= images.time[i - 1]) & (joints.time <= images.time[i])
        moved = bool(during.any()) and float(np.median(speed[during])) > moving
        current = current + float(images.time[i] - images.time[i - 1]) if moved else 0.0
        longest = max(longest, current)
    return longest
