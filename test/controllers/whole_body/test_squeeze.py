# SPDX-License-Identifier: Apache-2.0
"""What two hands press between them: never much more than they may, whatever offset inwards is commanded."""

import dataclasses

import numpy as np
import pytest
from body_rig import BodyRig

from controllers.errors import ConfigError
from controllers.whole_body.controller import WholeBody
from controllers.whole_body.squeeze import SqueezeLimit
from vla_ros.robots.embodiment import load_embodiment
from vla_ros.robots.whole_body import whole_body

STIFF = 5e4  # [N/m] of each side of the box


class BoxRig(BodyRig):
    """Both hands beside a box: their joints give way to it as the springs of their servos do, at rest each tick."""

    def __init__(self, squeeze_max, narrower=0.02):
        self.width = np.inf
        super().__init__(squeeze_max=squeeze_max)
        self.arms = [self.follower.arms[name].model for name in ("left", "right")]
        left, right = (arm.position for arm in self.arms)
        self.width = float(np.linalg.norm(right - left)) - narrower  # [m]
        self.forces = []  # [N]

    def bear(self, q):
        """Return where springs that are commanded to q (N,) leave the joints: at the box, where it is in the way."""
        if not np.isfinite(self.width):
            return q
        model, control = self.control.model, self.control
        places = [model.T_base_ee[name][:3, 3] for name in ("left", "right")]
        line = (places[1] - places[0]) / np.linalg.norm(places[1] - places[0])
        overlap, gives = self.width - float(line @ (places[1] - places[0])), []
        for name, sign in (("left", -1.0), ("right", 1.0)):
            part = control.parts[name]
            J = model.J[name][:3, model.moved :][:, part]
            gives.append((part, sign * (J.T @ line) / control.body.groups[name].stiffness, J.T @ line))
        compliance = sum(float(np.abs(bent @ row)) for _, bent, row in gives)
        force = max(0.0, overlap / (compliance + 2.0 / STIFF))
        self.forces.append(force)
        q = q.copy()
        for part, bent, _ in gives:
            q[part] += force * bent
        return q


def pressed(squeeze_max):
    """Command both hands 4 cm further together than the box is wide; return the forces of every tick [N]."""
    rig = BoxRig(squeeze_max)
    inwards = 0.005 * np.arange(1, 7)[:, None] * np.array([0.0, 1.0, 0.0])
    rig.submit(rig.columns({"left": -inwards, "right": inwards}), step=0.1)
    rig.run(2.0)
    assert rig.hold == "chunk exhausted"
    return np.array(rig.forces)


def test_an_offset_inwards_presses_no_harder_than_allowed():
    free, kept = pressed(None), pressed(30.0)
    assert free[-1] > 80.0  # [N] what the springs of the servos would do
    assert kept[-1] == pytest.approx(30.0, rel=0.15)
    assert kept.max() < 45.0


def test_hands_that_bear_nothing_are_not_held_back():
    rig = BodyRig(squeeze_max=30.0)
    inwards = 0.02 * np.arange(1, 6)[:, None] * np.array([0.0, 1.0, 0.0])
    rig.submit(rig.columns({"left": -inwards, "right": inwards}), step=0.15)
    rig.run(2.0)
    assert rig.went("left") == pytest.approx(-inwards[-1], abs=2e-3)
    assert rig.went("right") == pytest.approx(inwards[-1], abs=2e-3)


def test_a_robot_without_described_servos_is_refused():
    body = whole_body(load_embodiment("bytemini"))
    groups = {name: dataclasses.replace(group, stiffness=None) for name, group in body.groups.items()}
    with pytest.raises(ConfigError, match="the servo of arm 'left' is not described"):
        SqueezeLimit(WholeBody(dataclasses.replace(body, groups=groups)), 30.0)


def test_one_hand_presses_nothing():
    with pytest.raises(ConfigError, match="there are not two hands"):
        SqueezeLimit(WholeBody(whole_body(load_embodiment("ur5e"))), 30.0)
