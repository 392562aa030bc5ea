# SPDX-License-Identifier: Apache-2.0
import dataclasses

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from bench.chunk_control import comparison, metrics, streams
from bench.chunk_control.comparison import ENTRIES, OURS, Task
from bench.chunk_control.figures import headline, values
from bench.chunk_control.judgement import Judgement
from bench.chunk_control.methods import Blocking, Naive, TemporalEnsemble, WeightedAverage
from bench.chunk_control.paths import minimum_jerk, read_recording, recorded
from bench.chunk_control.polyline import Polyline, between
from bench.chunk_control.rollout import DT
from bench.chunk_control.tables import HEADINGS, markdown
from controllers.chunks.chunk import ActionChunk, pose_channels
from controllers.errors import ConfigError

ORIGIN = np.array([0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0])
STEP = 0.1


def chunk(stamp, x, step=STEP):
    """A chunk along x [m], without rotation."""
    values = np.tile(ORIGIN, (len(x), 1))
    values[:, 0] = x
    return ActionChunk(stamp, "base", pose_channels("arm"), step * np.arange(1, len(x) + 1), values)


def along_x(method, times):
    return np.array([method.sample(t)[0][0] for t in times])


# --- metrics ---


def test_minimum_jerk_movement_has_the_known_log_dimensionless_jerk():
    for duration, way in ((1.0, 0.2), (3.0, 0.05)):
        t = np.arange(0.0, duration + 1e-9, 1e-3)
        x = np.outer(way * minimum_jerk(t / duration), [0.6, 0.0, 0.8])
        # ∫ jerk² = 720 D²/T⁵ and v_peak = 15/8 D/T: −ln(720 (8/15)²)
        assert metrics.log_dimensionless_jerk(x, 1e-3) == pytest.approx(-np.log(720.0 * (8.0 / 15.0) ** 2), abs=0.01)


def test_spectral_arc_length_of_a_bell_does_not_depend_on_size_or_duration():
    def bell(duration, size):
        t = np.arange(0.0, duration, 1e-3)
        return size * (1.0 - np.cos(2.0 * np.pi * t / duration))

    one = metrics.spectral_arc_length(bell(1.0, 1.0), 1e-3)
    assert -1.6 < one < -1.3  # the main lobe of a sine bell falls monotonically: an arc a little longer than √2
    assert metrics.spectral_arc_length(bell(2.0, 5.0), 1e-3) == pytest.approx(one, abs=0.05)
    twice = np.concatenate([bell(1.0, 1.0), np.zeros(500), bell(1.0, 1.0)])
    assert metrics.spectral_arc_length(twice, 1e-3) < one - 0.5  # two movements are less smooth than one


def test_jerk_of_a_cubic_and_of_a_step():
    t = np.arange(0.0, 1.0, DT)
    cubic = np.outer(t**3, [1.0, 2.0, 2.0])
    np.testing.assert_allclose(metrics.jerk(cubic, DT), 18.0, rtol=1e-4)
    step = np.outer(t >= 0.5, [0.003, 0.0, 0.004])
    assert metrics.jerk(step, DT).max() == pytest.approx(2.0 * 0.005 / DT**3)  # differences 1, −2, 1
    assert np.argmax(metrics.jerk(step, DT)) == pytest.approx(0.5 / DT, abs=2)


def test_jerk_of_a_turn_about_a_fixed_axis():
    t = np.arange(0.0, 1.0, DT)
    turn = Rotation.from_rotvec(np.outer(0.5 * t**3, [0.0, 0.6, 0.8]))
    np.testing.assert_allclose(metrics.turn_jerk(turn.as_quat(), DT), 3.0, rtol=1e-3)


def test_steps_in_each_derivative_are_told_apart():
    t = np.arange(-0.5, 0.5, DT)
    after = t >= -DT / 2
    for order, size in ((0, 0.01), (1, 0.2), (2, 3.0)):
        x = np.outer(size * np.where(after, t, 0.0) ** order / (2.0 if order == 2 else 1.0) * after, [1.0, 0.0, 0.0])
        found = [peak.max() for peak in metrics.steps(x, DT)]
        assert found[order] == pytest.approx(size, rel=0.02)
        assert all(found[lower] < 0.1 * size for lower in range(order))


def test_smoothing_removes_what_is_fast_and_shifts_nothing():
    t = np.arange(0.0, 2.0, DT)
    slow, fast = np.sin(2.0 * np.pi * t)[:, None], 0.1 * np.sin(2.0 * np.pi * 150.0 * t)[:, None]
    middle = slice(200, -200)
    assert np.abs(metrics.smoothed(slow + fast, DT) - slow)[middle].max() < 1e-3


# --- methods ---


def test_a_line_is_sampled_with_its_own_twist():
    a, b = ORIGIN.copy(), ORIGIN.copy()
    b[:3], b[3:] = (0.1, 0.0, -0.2), Rotation.from_rotvec([0.0, 0.0, 0.4]).as_quat()
    pose, twist = Polyline(np.array([1.0, 1.2]), np.stack([a, b])).sample(1.05)
    np.testing.assert_allclose(pose[:3], [0.025, 0.0, -0.05])
    np.testing.assert_allclose(Rotation.from_quat(pose[3:]).as_rotvec(), [0.0, 0.0, 0.1], atol=1e-12)
    np.testing.assert_allclose(twist, [0.5, 0.0, -1.0, 0.0, 0.0, 2.0], atol=1e-12)
    np.testing.assert_allclose(between(a, b, 0.25), pose, atol=1e-12)


def test_naive_jumps_to_where_the_clock_says():
    method = Naive(ORIGIN)
    method.submit(chunk(0.0, [0.1, 0.2, 0.3, 0.4]), ORIGIN, 0.0)
    assert along_x(method, [0.0, 0.05, 0.25]) == pytest.approx([0.0, 0.05, 0.25])
    method.submit(chunk(0.1, [0.5, 0.6, 0.7]), ORIGIN, 0.25)
    assert along_x(method, [0.25, 0.4, 9.0]) == pytest.approx([0.55, 0.7, 0.7])


def test_averaging_weighs_old_and_new_recursively_and_never_jumps():
    method = WeightedAverage(ORIGIN)
    method.submit(chunk(0.0, [0.1, 0.2, 0.3, 0.4]), ORIGIN, 0.0)
    method.submit(chunk(0.1, [1.0, 1.0, 1.0, 1.0, 1.0]), ORIGIN, 0.15)
    assert along_x(method, [0.15]) == pytest.approx([0.15])
    # The step being moved to stays; then 0.3 old + 0.7 new; then what only the new chunk speaks of.
    expected = [0.2, 0.3 * 0.3 + 0.7, 0.3 * 0.4 + 0.7, 1.0, 1.0]
    assert along_x(method, [0.2, 0.3, 0.4, 0.5, 0.6]) == pytest.approx(expected)
    method.submit(chunk(0.3, [0.0, 0.0, 0.0]), ORIGIN, 0.3)
    assert along_x(method, [0.3, 0.4, 0.5]) == pytest.approx([0.79, 0.3 * 0.82, 0.3 * 1.0])


def test_averaging_turns_the_short_way():
    method = WeightedAverage(ORIGIN)
    first, second = chunk(0.0, np.zeros(4)), chunk(0.0, np.zeros(4))
    values = second.values.copy()
    values[:, 3:] = -Rotation.from_rotvec([0.0, 0.0, 1.0]).as_quat()
    second = dataclasses.replace(second, values=values)
    method.submit(first, ORIGIN, 0.0)
    method.submit(second, ORIGIN, 0.05)
    turned = Rotation.from_quat(method.sample(0.2)[0][3:]).as_rotvec()
    np.testing.assert_allclose(turned, [0.0, 0.0, 0.7], atol=1e-9)


def test_ensembling_weighs_the_oldest_most():
    method = TemporalEnsemble(ORIGIN)
    for k, x in enumerate((0.0, 1.0, 2.0)):
        method.submit(chunk(k * STEP, np.full(6, x)), ORIGIN, k * STEP)
    weights = np.exp([0.0, -0.01, -0.02])  # ACT: exp(−m i), m = 0.01, i = 0 for the oldest
    assert method.ensemble(0.5)[0] == pytest.approx(weights @ [0.0, 1.0, 2.0] / weights.sum())
    assert method.ensemble(0.7)[0] == pytest.approx(weights[:2] @ [1.0, 2.0] / weights[:2].sum())  # the first has ended
    assert method.ensemble(0.95) is None


def test_ensembling_moves_on_from_step_to_step_without_a_jump():
    method = TemporalEnsemble(ORIGIN)
    method.submit(chunk(0.0, [0.1] * 8), ORIGIN, 0.0)
    first = along_x(method, np.arange(0.0, 0.25, 0.01))
    method.submit(chunk(0.2, [0.5] * 8), ORIGIN, 0.25)
    x = np.concatenate([first, along_x(method, np.arange(0.25, 0.6, 0.01))])
    assert x[-1] == pytest.approx((0.1 + 0.5 * np.exp(-0.01)) / (1.0 + np.exp(-0.01)))
    assert np.abs(np.diff(x)).max() < 0.025


def test_blocking_executes_half_rests_and_only_then_looks():
    method = Blocking(ORIGIN)
    method.submit(chunk(0.0, np.arange(1, 9) * 0.01), ORIGIN, 0.2)
    assert along_x(method, [0.2, 0.4, 0.6, 5.0]) == pytest.approx([0.0, 0.02, 0.04, 0.04])
    assert not method.ready(0.5, True)
    assert not method.ready(0.7, False)
    assert method.ready(0.7, True)
    assert method.ready(1.2, False)  # an arm that never settles is looked at all the same
    method.submit(chunk(0.7, [0.05, 0.06]), ORIGIN, 0.9)
    assert along_x(method, [0.9, 1.0]) == pytest.approx([0.04, 0.05])


# --- streams ---


@pytest.mark.parametrize("name", comparison.PATHS)
def test_paths_begin_and_end_at_rest_inside_the_workspace(name):
    path, limits = comparison.ideal_path(name), comparison.franka().limits
    t = np.arange(0.0, path.duration + 0.1, DT)
    poses = path.poses(t)
    speed = np.linalg.norm(np.diff(poses[:, :3], axis=0), axis=1) / DT
    np.testing.assert_allclose(poses[0], comparison.franka().start, atol=1e-9)
    assert limits.contains(poses[:, :3]).all()
    assert max(speed[:5].max(), speed[-5:].max()) < 5e-3
    assert 0.1 < speed.max() < 0.5
    assert 0.7 * path.duration < path.done < path.duration
    if "eight" in name:
        assert np.ptp(poses[:, 1]) == pytest.approx(0.2, abs=1e-3)


def test_a_tool_on_the_path_is_found_there_and_time_passes_in_a_dwell():
    path = comparison.ideal_path("pick and place")
    tracker = streams.PhaseTracker(path)
    t = np.arange(0.0, path.duration, 0.01)
    found = [tracker.update(position, 0.01) for position in path.poses(t)[:, :3]]
    assert np.abs(np.array(found)[1:] - t[:-1]).max() < 0.06
    held = streams.PhaseTracker(path)
    for position in path.poses(np.minimum(t, 1.6))[:, :3]:
        held.update(position, 0.01)
    assert held.phase < 1.9  # an arm that stands does not pass for one that moves


def policy(seed, pattern="random"):
    chosen = next(p for p in streams.PATTERNS if p.name == pattern)
    return streams.LatePolicy(comparison.ideal_path("fast eight"), chosen, seed, "panda", "panda_link0")


def test_policies_repeat_by_seed_and_disagree_further_ahead():
    path = comparison.ideal_path("fast eight")
    one, same, other = policy(3), policy(3), policy(4)
    here = path.poses(np.array([2.0]))[0]
    first, delay, _ = one.chunk(2.0, here, 2.0)
    again, same_delay, _ = same.chunk(2.0, here, 2.0)
    np.testing.assert_array_equal(first.values, again.values)
    assert delay == same_delay
    assert np.abs(first.values - other.chunk(2.0, here, 2.0)[0].values).max() > 1e-3
    gaps = []
    for seed in range(60):
        stream = policy(seed)
        a, b = (stream.chunk(2.0, here, 2.0)[0].positions("panda") for _ in range(2))
        gaps.append(np.linalg.norm(a - b, axis=1))
    near, far = np.mean(gaps, axis=0)[[0, -1]]
    assert near < 0.5 * far
    assert 0.005 < far < 0.03


def test_delays_keep_to_the_horizon_and_some_chunks_are_lost():
    short = comparison.ideal_path("geometric policy")
    assert next(p for p in streams.FIXED if p.name == "600 ms").capped(short) == short.horizon / 2 - 0.1
    stream = policy(0)
    here = stream.path.poses(np.array([2.0]))[0]
    delays = np.array([stream.chunk(2.0, here, 2.0)[1] for _ in range(300)])
    assert delays.min() >= 0.03
    assert delays.max() <= 0.6
    assert np.median(delays) == pytest.approx(0.15, rel=0.15)
    lossy = policy(0, "drop-outs")
    arrived = [lossy.chunk(2.0, here, 2.0)[2] for _ in range(300)]
    assert arrived[0]
    assert np.mean(arrived) == pytest.approx(0.75, abs=0.08)


def test_recordings_are_read_and_nonsense_is_refused(tmp_path):
    t = np.arange(0.0, 2.0, 0.1)
    poses = np.tile(ORIGIN, (len(t), 1))
    poses[:, 0] = 0.4 + 0.1 * minimum_jerk(t / t[-1])
    file = tmp_path / "recording.csv"
    np.savetxt(file, np.column_stack([t, poses]), delimiter=",", header="t,x,y,z,qx,qy,qz,qw")
    path = read_recording(str(file), 0.1, 16)
    np.testing.assert_allclose(path.poses(t + 0.3)[:, 0], poses[:, 0], atol=1e-9)
    np.testing.assert_allclose(recorded("same", t, poses, 0.1, 16).table, path.table)
    file.write_text("t,x\n0,1\n")
    with pytest.raises(ConfigError, match="8 columns"):
        read_recording(str(file), 0.1, 16)
    with pytest.raises(ConfigError, match="--recording"):
        read_recording(str(tmp_path / "none.csv"), 0.1, 16)


# --- roll-outs ---


@pytest.fixture(scope="module")
def results():
    return dict(comparison.judged(comparison.few_tasks(), 1))


def test_every_method_does_the_path_and_every_figure_is_there(results):
    for task, judgement in results.items():
        assert np.isfinite(dataclasses.astuple(judgement)).all(), task
        assert 0.8 < judgement.completion_ratio < 4.0, task  # blocking stands still most of so short a way
        assert judgement.deviation_rms_mm < 30.0, task
        assert judgement.refused == 0.0, task
    figures = headline(results)
    assert figures["peak_jerk_ratio_vs_naive_p10"] > 10.0  # a jump, sampled at 500 Hz
    text = markdown(results)
    assert text.count("\n") == len(ENTRIES) + 2
    assert all(heading in text for heading in HEADINGS)


def test_only_what_jumps_steps_in_position(results):
    def step(entry):
        return results[Task(comparison.QUICK_PATH, "200 ms", 0, entry)].step_position_mm

    assert step("naive") > 1.0
    for entry in ENTRIES:
        if entry != "naive":  # a line that ends steps by half its speed times dt
            assert step(entry) < 0.5, entry


def test_roll_outs_repeat(results):
    for entry in (OURS, "averaging, filtered"):
        task = Task(comparison.QUICK_PATH, "200 ms", 0, entry)
        assert comparison.judge_task(task) == results[task]


def test_delays_that_a_horizon_makes_equal_are_run_once():
    every = comparison.tasks(2)
    assert len(set(every)) == len(every)
    patterns = {task.pattern for task in every if task.path == "geometric policy"}
    assert patterns == {"0 ms", "50 ms", "100 ms", "200 ms", "400 ms", "random", "drop-outs"}  # 400 ms stands for 300
    assert "600 ms" in {task.pattern for task in every if task.path == "fast eight"}


def test_ratios_are_of_the_same_stream():
    blank = Judgement(**dict.fromkeys((field.name for field in dataclasses.fields(Judgement)), 1.0))
    results = {}
    for seed in range(2):
        for pattern in ("0 ms", "200 ms"):
            for entry in ENTRIES:
                jerk = 10.0 * (seed + 1) * (1.0 if entry == OURS else 5.0)
                results[Task("eight", pattern, seed, entry)] = dataclasses.replace(blank, transition_jerk_peak=jerk)
    assert headline(results)["peak_jerk_ratio_vs_averaging_p10"] == pytest.approx(5.0, rel=0.02)
    standing = Task("eight", "200 ms", 0, "averaging")
    results[standing] = dataclasses.replace(results[standing], transition_jerk_peak=0.0, finished=0.0)
    assert headline(results)["peak_jerk_ratio_vs_averaging_p10"] == pytest.approx(5.0, rel=0.02)
    assert values(results, "averaging", "finished").mean() == 0.75
    assert values(results, "averaging", "transition_jerk_peak").min() > 0.0
