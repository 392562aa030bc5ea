# SPDX-License-Identifier: Apache-2.0
import json

import numpy as np
import pytest
from PIL import Image
from scipy import signal

from bench.filter_comparison.comparison import compare
from bench.filter_comparison.designs import designs
from bench.filter_comparison.response import (
    derivative,
    reach,
    step_command,
    step_figures,
    stream_command,
    stream_figures,
    stream_times,
)
from bench.filter_comparison.verdict import verdict
from controllers.filters import cascade_delay
from vla_ros.cli import main

CUTOFF, RATE = 5.0, 1000.0  # [Hz]
OMEGA = 2.0 * np.pi * CUTOFF
THIRD_ORDER = ("butterworth3", "chebyshev2", "bessel")


@pytest.fixture(scope="module")
def comparisons():
    return compare(CUTOFF, RATE, 40.0)


@pytest.fixture(scope="module")
def same_cutoff(comparisons):
    return comparisons[0].step


@pytest.fixture(scope="module")
def same_delay(comparisons):
    return comparisons[1].step


def response(name, cutoff=CUTOFF, rate=RATE, seconds=2.0):
    return designs(40.0)[name].make(cutoff, rate)(step_command(seconds, rate))


def continuous(name, times):
    """Return the analogue filter's step response: the closed form, or SciPy's integration of the analogue design."""
    wt = OMEGA * times
    if name == "cascade":
        return 1.0 - np.exp(-wt) * (1.0 + wt + 0.5 * wt**2)
    if name == "butterworth1":
        return 1.0 - np.exp(-wt)
    design = {"butterworth3": signal.butter, "bessel": signal.bessel}[name]
    analogue = signal.TransferFunction(*design(3, OMEGA, analog=True))
    grid = np.arange(2 * len(times) + 4) * 0.5 / RATE
    return np.interp(times, *signal.step(analogue, T=grid))


@pytest.mark.parametrize(
    ("name", "tolerance"), [("cascade", 1e-9), ("butterworth1", 2e-4), ("butterworth3", 2e-4), ("bessel", 2e-4)]
)
def test_responses_are_the_analogue_filters(name, tolerance):
    # Samples join to lines: the step happens, on average, half a tick before the first sample that has it.
    sampled = response(name)[2:]
    times = (np.arange(len(sampled)) + 1.5) / RATE
    reference = continuous(name, times)
    if name == "cascade":  # exactly: the mean of the step response over the tick in which the command rises
        nodes, weights = np.polynomial.legendre.leggauss(5)
        shifted = times[:, None] + 0.5 * nodes / RATE
        reference = continuous(name, shifted) @ weights / 2.0
    assert np.abs(sampled - reference).max() < tolerance


def test_overshoot_is_the_textbooks(same_cutoff):
    assert same_cutoff["butterworth3"]["overshoot_percent"] == pytest.approx(8.15, abs=0.01)
    assert same_cutoff["bessel"]["overshoot_percent"] == pytest.approx(0.75, abs=0.01)
    assert same_cutoff["chebyshev2"]["overshoot_percent"] > 5.0
    for name in ("cascade", "butterworth1"):
        assert same_cutoff[name]["overshoot_percent"] == pytest.approx(0.0, abs=1e-9)


def test_delay_and_edge_are_the_textbooks(same_cutoff):
    delays = {
        "cascade": 3.0,
        "butterworth1": 1.0,
        "butterworth3": 2.0,
        "bessel": 15.0 ** (2.0 / 3.0) / 15.0 ** (1.0 / 3.0),
    }
    for name, delay in delays.items():
        assert same_cutoff[name]["delay_ms"] == pytest.approx(1e3 * delay / OMEGA, rel=1e-3)
    edges = {"cascade": np.sqrt(2.0 ** (1.0 / 3.0) - 1.0), "butterworth1": 1.0, "butterworth3": 1.0}
    for name, edge in edges.items():
        assert same_cutoff[name]["minus_3_db_hz"] == pytest.approx(edge * CUTOFF, rel=2e-3)
    # An equiripple stop band of 40 dB: its edge is cosh(arcosh(√(10⁴ − 1))/3) above −3 dB.
    ratio = np.cosh(np.arccosh(np.sqrt(1e4 - 1.0)) / 3.0)
    assert same_cutoff["chebyshev2"]["minus_3_db_hz"] == pytest.approx(CUTOFF / ratio, rel=2e-3)
    # The cascade's delay is 3ω₀/(ω₀² + ω²), at −3 dB 2^(−1/3) of what it is at zero.
    spread = 3e3 / OMEGA * (1.0 - 2.0 ** (-1.0 / 3.0))
    assert same_cutoff["cascade"]["delay_spread_ms"] == pytest.approx(spread, rel=0.02)


def test_acceleration_jerk_and_settling_of_the_cascade_are_exact(same_cutoff):
    figures = same_cutoff["cascade"]
    # ÿ = ω³(t − ωt²/2)e^(−ωt) peaks at ωt = 2 − √2; its slope begins with ω³.
    wt = 2.0 - np.sqrt(2.0)
    peak = OMEGA**2 * (wt - 0.5 * wt**2) * np.exp(-wt)
    assert figures["peak_acceleration_per_s2"] == pytest.approx(peak, rel=0.01)
    fast = step_figures(response("cascade", rate=10.0 * RATE), 10.0 * RATE)  # the largest jerk is over at once
    assert fast["peak_jerk_per_s3"] == pytest.approx(OMEGA**3, rel=0.02)
    assert figures["settling_ms"] == pytest.approx(1e3 * 7.517 / OMEGA, abs=1.5)


def test_only_a_jump_of_velocity_grows_with_the_rate():
    begin = {
        (name, rate): step_figures(response(name, rate=rate), rate)["initial_acceleration_per_s2"]
        for name in designs(40.0)
        for rate in (RATE, 4.0 * RATE)
    }
    for name in ("butterworth1", "chebyshev2"):
        assert begin[name, 4.0 * RATE] == pytest.approx(4.0 * begin[name, RATE], rel=0.1)
    for name in ("cascade", "butterworth3", "bessel"):
        assert begin[name, 4.0 * RATE] == pytest.approx(begin[name, RATE] / 4.0, rel=0.1)
    # First order: the velocity jumps by ω within two ticks.
    assert begin["butterworth1", RATE] == pytest.approx(0.5 * OMEGA * RATE, rel=0.03)


def test_equal_delay_is_equal(same_delay):
    for figures in same_delay.values():
        assert figures["delay_ms"] == pytest.approx(1e3 * cascade_delay(CUTOFF), rel=1e-3)
    assert same_delay["butterworth1"]["cutoff_hz"] == pytest.approx(CUTOFF / 3.0, rel=1e-3)
    assert same_delay["butterworth3"]["cutoff_hz"] == pytest.approx(CUTOFF * 2.0 / 3.0, rel=1e-3)


@pytest.mark.parametrize("name", list(designs(40.0)))
def test_filters_begin_at_rest_wherever_they_are(name):
    command = np.full(200, -0.7)
    assert np.allclose(designs(40.0)[name].make(CUTOFF, RATE)(command), command, atol=1e-9)


def test_worst_input_is_as_bad_as_said(same_cutoff):
    for name in THIRD_ORDER:
        impulse = np.diff(response(name, seconds=1.5))
        worst = np.concatenate([[0.0], (impulse[::-1] > 0.0).astype(float)])  # in [0, 1]
        reached = designs(40.0)[name].make(CUTOFF, RATE)(worst).max()
        assert 100.0 * (reached - 1.0) == pytest.approx(same_cutoff[name]["excess_percent"], abs=0.2)


def test_stream_is_held_targets_of_the_reach():
    times = stream_times(0.5, RATE)
    command = stream_command(times)
    assert command[0] == 0.0
    assert np.flatnonzero(np.diff(command)).size == 15
    for k in range(15):
        held = command[(times > 0.1 * k + 1e-6) & (times < 0.1 * (k + 1) - 1e-6)]
        assert np.allclose(held, reach(np.array([0.1 * (k + 1)])))
    assert command[-1] == pytest.approx(0.3)
    rested = derivative(reach(np.array([-0.1, 0.0, 1.5, 1.6])), 1, 1.0)
    assert rested[[0, 1, 3]] == pytest.approx(0.0)


def test_stream_of_a_filter_that_does_nothing_has_all_the_ripple(comparisons):
    times = stream_times(0.5, RATE)
    raw = stream_figures(lambda command: command, times, RATE)
    for comparison in comparisons:
        for figures in comparison.stream.values():
            assert figures["ripple_mm_s"] < 0.2 * raw["ripple_mm_s"]
        assert comparison.stream["cascade"]["overshoot_mm"] == pytest.approx(0.0, abs=1e-9)


def test_a_slow_filter_leaves_no_ripple():
    # 10 Hz is 20 times its cutoff, so a 20³th passes; what else differed from the smooth reach would show.
    slow = designs(40.0)["cascade"].make(0.5, RATE)
    assert stream_figures(slow, stream_times(0.5, RATE), RATE)["ripple_mm_s"] < 0.3


def test_verdict_follows_the_figures(same_cutoff, same_delay):
    def holds(step):
        return {claim.name: claim.holds for claim in verdict(step)}

    for step in (same_cutoff, same_delay):
        told = holds(step)
        assert not told.pop("cascade_converges_as_fast")
        assert all(told.values())
    swapped = holds(same_cutoff | {"cascade": same_cutoff["bessel"], "butterworth1": same_cutoff["butterworth3"]})
    assert not swapped["cascade_never_overshoots"]
    assert not swapped["first_order_starts_hard"]
    swapped = holds(same_cutoff | {"cascade": same_cutoff["butterworth1"], "bessel": same_cutoff["cascade"]})
    assert not swapped["cascade_starts_gently"]
    assert not swapped["bessel_overshoots"]


def test_command_writes_figures_and_a_picture(tmp_path, capsys):
    file, picture = tmp_path / "figures.json", tmp_path / "filters.png"
    assert (
        main(["bench", "filters", "--cutoff", "8", "--rate", "500", "--json", str(file), "--picture", str(picture)])
        == 0
    )
    figures = json.loads(file.read_text())
    assert all(isinstance(value, float) for value in figures.values())
    assert figures["same_cutoff_step_butterworth3_overshoot_percent"] == pytest.approx(8.15, abs=0.05)
    assert figures["same_delay_stream_cascade_overshoot_mm"] == pytest.approx(0.0, abs=1e-9)
    assert figures["same_delay_claim_cascade_never_overshoots"] == 1.0
    printed = capsys.readouterr().out
    assert "does not hold: the cascade converges as fast" in printed
    assert "Bessel at the cascade's delay" in printed
    with Image.open(picture) as image:
        assert image.format == "PNG"
        assert len(image.convert("RGB").getcolors(1 << 16)) > 10


@pytest.mark.parametrize(
    ("cutoff", "rate", "attenuation"),
    [(0.5, 100.0, 20.0), (0.5, 1000.0, 60.0), (20.0, 1000.0, 60.0), (20.0, 10000.0, 20.0)],
)
def test_every_allowed_corner_has_an_equal_delay(cutoff, rate, attenuation):
    wanted = cascade_delay(cutoff)
    for design in designs(attenuation).values():
        assert design.delay(design.cutoff_for(wanted, rate), rate) == pytest.approx(wanted, rel=1e-6)


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--cutoff", "-1"], "--cutoff -1: give 0.5 to 20 Hz"),
        (["--cutoff", "nan"], "--cutoff nan"),
        (["--cutoff", "20", "--rate", "900"], "--rate 900: give 1000 to 10000 Hz"),
        (["--attenuation", "0"], "--attenuation 0"),
        (["--json", "{folder}/none/figures.json"], "figures.json: cannot be written"),
        (["--picture", "{folder}/none/filters.png"], "filters.png: cannot be written"),
        (["--picture", "{folder}/filters.jpg"], "ends in .png"),
    ],
)
def test_nonsense_is_one_line_and_code_2(tmp_path, capsys, words, named):
    assert main(["bench", "filters", *(word.format(folder=tmp_path) for word in words)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert named in line
