# SPDX-License-Identifier: Apache-2.0
"""Shadow mode: what would have been commanded is shown, and nothing pushes the arm."""

import dataclasses

import numpy as np
from arms.franka_arm import FORWARD, WIDTH, Rig, franka_config, positions

SHADOW = dataclasses.replace(franka_config(), shadow=True)


def test_the_motion_is_shown_and_the_arm_gets_no_effort():
    rig = Rig(SHADOW)
    rig.submit(FORWARD, width=0.04)
    samples = rig.run(1.0)
    assert rig.follower.progress.shadow
    assert not np.array([sample.effort for sample in samples]).any()
    assert not rig.arm.dq.any()
    shown = positions(samples) - rig.position
    assert np.linalg.norm(shown - FORWARD[-1], axis=1).min() < 2e-3
    # In the time that an arm that follows takes, though this one is left behind by more than the error clip.
    ending = next(k for k, sample in enumerate(samples) if sample.hold == "chunk exhausted") * rig.dt
    assert 0.4 < ending < 0.7
    free = Rig()
    free.submit(FORWARD, width=0.04)
    same = np.array([sample.commanded[:3, 3] for sample in free.run(0.4)])
    assert np.abs(same - positions(samples)[: len(same)]).max() < 2e-3


def test_the_next_chunk_begins_where_the_arm_is():
    rig = Rig(SHADOW)
    far = 0.05 * np.arange(1, 9)[:, None] * [0.0, 1.0, 0.0]  # ends further off than a chunk may begin [m]
    for _ in range(2):
        rig.submit(far)
        samples = rig.run(2.2)
        shown = positions(samples) - rig.position
        assert shown[:, 1].max() > 0.39
        moving = [k for k, sample in enumerate(samples) if sample.hold == ""]
        assert len(samples) - 1 > moving[-1] > 300
        assert np.abs(shown[moving[-1] + 1 :]).max() < 1e-9


def test_stops_and_refusals_are_those_of_the_real_thing():
    rig = Rig(SHADOW, enable=False)
    assert "disabled" in rig.refused(FORWARD)
    rig.follower.activate(rig.arm.q, rig.arm.dq, {WIDTH: 0.08}, rig.now)
    assert "outside the workspace box" in rig.refused([[0.0, 0.0, 0.0], [0.0, 0.0, -0.7]], step=1.0)
    rig.submit(FORWARD)
    rig.run(0.1)
    rig.follower.emergency_stop()
    samples = rig.run(0.2)
    assert samples[-1].hold == "e-stop"
    assert not samples[-1].effort.any()
    rig.run(0.1, stale=True)
    assert not rig.driven.command.effort.any()
