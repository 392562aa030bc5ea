# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from arms.franka_arm import ARM, Rig

from controllers.chunks.chunk import ActionChunk, TaskStatus
from controllers.chunks.motion import Start, braking
from controllers.chunks.splicing import Auxiliaries
from controllers.chunks.stitching import MotionBounds
from controllers.chunks.timeline import ChunkTimeline
from controllers.chunks.track import CARTESIAN, Track, refuse_unknown, side_by_side
from controllers.control_config import StitchConfig
from controllers.errors import ChunkError

LINE = 0.02 * np.arange(1, 5)[:, None] * [1.0, 0.0, 0.0]
TRACK = Track("panda", ARM.joints, ARM.lower, ARM.upper)
POSES = side_by_side([TRACK], [CARTESIAN])
BOUNDS = MotionBounds(np.array([0.8] * 3 + [1.0] * 4), np.array([6.0] * 3 + [7.5] * 4))


@pytest.fixture(scope="module")
def rig():
    return Rig()


def start(rig, delay=0.0, shift=(0.0, 0.0, 0.0), velocity=(0.0, 0.0, 0.0), lookahead=0.095):
    state = np.zeros((3, 7))
    state[0, :3], state[0, 3:], state[1, :3] = rig.position + shift, rig.quaternion, velocity
    return Start(POSES, state, delay, lookahead, np.concatenate([rig.position, rig.quaternion]))


def robot(rig):
    return Auxiliaries(("panda_hand/width",))


def accept(rig, chunk, begin=None, timeline=None, config=None):
    return (timeline or ChunkTimeline()).accept(
        chunk, "policy", begin or start(rig), robot(rig), config or StitchConfig(), BOUNDS
    )


def test_order_rules(rig):
    first = rig.chunk(LINE, stamp=1.0, sequence=5)
    timeline, _, _ = accept(rig, first)
    with pytest.raises(ChunkError, match="twice"):
        timeline.check_order(first, "policy")
    with pytest.raises(ChunkError, match="reordered"):
        timeline.check_order(rig.chunk(LINE, stamp=0.9, sequence=6), "policy")
    timeline.check_order(rig.chunk(LINE, stamp=1.1, sequence=0), "policy")  # a restarted source
    timeline.check_order(first, "planner")
    assert ChunkTimeline().last == ()  # accepting returned a new timeline and changed no other


def test_from_rest_the_whole_chunk_is_executed(rig):
    _, motion, transition = accept(rig, rig.chunk(LINE, stamp=0.0))
    assert transition.dropped_points == 0
    assert motion.spline.derivatives(motion.spline.duration)[0, :3] == pytest.approx(rig.position + LINE[-1])
    assert motion.executed(-1.0) == 0.0
    assert motion.executed(99.0) == pytest.approx(0.4)


def test_a_moving_arm_enters_where_it_is(rig):
    begin = start(rig, delay=0.1, shift=(0.03, 0.0, 0.0), velocity=(0.2, 0.0, 0.0))
    _, _, transition = accept(rig, rig.chunk(LINE, stamp=0.0), begin)
    assert transition.entry + begin.lookahead == pytest.approx(0.15, abs=0.02)
    assert transition.dropped_points == 1
    assert transition.position_gap < 2.5e-3  # the clock, 45 ms off, still has a little say


def test_time_alignment_trusts_the_clock(rig):
    begin = start(rig, delay=0.2)
    _, _, transition = accept(rig, rig.chunk(LINE, stamp=0.0), begin, config=StitchConfig(alignment="time"))
    assert transition.entry == pytest.approx(0.2)


def test_a_late_chunk_still_leads_to_its_end(rig):
    _, motion, transition = accept(rig, rig.chunk(LINE, stamp=0.0), start(rig, delay=5.0))
    assert motion.spline.derivatives(motion.spline.duration)[0, :3] == pytest.approx(rig.position + LINE[-1])
    assert transition.dropped_points == 3


def test_motion_of_an_ended_status_is_never_executed(rig):
    for code, reason in ((1, "terminated"), (-1, "invalid")):
        _, motion, transition = accept(rig, rig.chunk(LINE, status=code, width=0.0, stamp=0.0))
        assert motion.end_reason == reason
        assert transition.note == reason
        assert motion.holding
        assert not motion.auxiliary
        assert np.allclose(motion.spline.derivatives(1e3)[0, :3], rig.position)


def test_points_before_the_end_status_are_executed(rig):
    _, motion, _ = accept(rig, rig.chunk(LINE, status=[0, 0, 1, 1], stamp=0.0))
    assert motion.status is TaskStatus.TERMINATED
    assert motion.end_reason == "terminated"
    assert np.allclose(motion.spline.derivatives(motion.spline.duration)[0, :3], rig.position + LINE[1])


def test_the_other_hemisphere_is_the_same_rotation(rig):
    flipped = rig.chunk(LINE, quaternions=np.tile(-rig.quaternion, (4, 1)), stamp=0.0)
    _, motion, _ = accept(rig, flipped)
    norms = [np.linalg.norm(motion.spline.derivatives(x)[0, 3:]) for x in np.linspace(0, motion.spline.duration, 50)]
    assert min(norms) > 0.99


def test_transition_is_continuous_to_second_order(rig):
    begin = start(rig, delay=0.1, shift=(0.025, 0.004, 0.0), velocity=(0.2, 0.05, 0.0))
    begin.state[2, :3] = 0.4, -0.3, 0.1
    _, motion, _ = accept(rig, rig.chunk(LINE, stamp=0.0), begin)
    assert np.allclose(motion.spline.derivatives(0.0), begin.state, atol=1e-9)


def test_by_what_a_chunk_moves_a_group(rig):
    names = tuple(f"{joint}/position" for joint in ARM.joints)
    assert TRACK.commanded_quantity(ActionChunk(0.0, "panda_link0", names, [0.1], [ARM.home])) == "position"
    assert TRACK.commanded_quantity(rig.chunk(LINE)) == "pose"
    assert TRACK.commanded_quantity(ActionChunk(0.0, "panda_link0", ("panda_hand/width",), [0.1], [[0.0]])) == ""
    with pytest.raises(ChunkError, match="'panda_joint2/position' is missing"):
        TRACK.commanded_quantity(ActionChunk(0.0, "f", names[:1], [0.1], [[0.0]]))
    rates = tuple(f"{joint}/velocity" for joint in ARM.joints)
    assert TRACK.commanded_quantity(ActionChunk(0.0, "f", rates, [0.1], np.zeros((1, 7)))) == "velocity"
    for channels, match in (
        (("panda_joint1/velocity",), "'panda_joint2/velocity' is missing"),
        ((*names, *rates), "both joint position and joint velocity targets for 'panda'"),
    ):
        with pytest.raises(ChunkError, match=match):
            TRACK.commanded_quantity(ActionChunk(0.0, "f", channels, [0.1], np.zeros((1, len(channels)))))


def test_a_channel_that_is_nobodys_is_refused_with_the_nearest_name():
    for channel, match in (
        ("lift/velocity", "unknown chunk channel 'lift/velocity'"),
        ("panda_joint8/position", "'panda_joint8/position'.* did you mean 'panda_joint[1-7]/position'"),
        ("panda_hnad/width", "did you mean 'panda_hand/width'"),
    ):
        with pytest.raises(ChunkError, match=match):
            refuse_unknown(ActionChunk(0.0, "f", (channel,), [0.1], [[0.0]]), [TRACK], ["panda_hand/width"])


def test_braking_stops_and_holds(rig):
    motion = braking(start(rig, velocity=(0.3, 0.0, 0.0)), "policy", "why")
    assert motion.holding
    assert motion.end_reason == "why"
    assert np.allclose(motion.spline.derivatives(motion.spline.duration - 1e-9)[1], 0.0, atol=1e-6)
