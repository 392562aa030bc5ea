# SPDX-License-Identifier: Apache-2.0
import argparse
import json
import subprocess
import sys

import numpy as np
import pytest

from bench import control
from bench.control_loop.rig import FrankaRig
from bench.control_loop.soak import Soak, soak_figures
from controllers.errors import ConfigError


def arguments(*words):
    parser = argparse.ArgumentParser()
    control.add_arguments(parser)
    return parser.parse_args(words)


KEYS = (
    "tick_us_median", "tick_us_p99", "lateness_p999_ms", "lateness_p999_ratio", "latency_ms_median", "stitch_ms_p99",
    "stitch_30x14_ms_p99", "peak_jerk_ratio_vs_naive_p10", "peak_jerk_ratio_vs_averaging_p10",
    "peak_jerk_ratio_vs_naive_filtered_p10", "tracking_rms_mm", "tracking_rms_mm_averaging", "completion_vs_ideal",
    "completion_vs_blocking_200ms", "estop_rest_s", "stale_rest_s", "exhausted_rest_s", "lateness_steal_percent",
    "empty_lateness_steal_percent", "ours/completion_ratio_p90", "naive, filtered/felt_jerk_peak_median",
)  # fmt: skip


@pytest.mark.slow  # half a minute of both cores; its parts have tests of their own
def test_a_quick_run_writes_every_figure_table_and_picture(tmp_path, root):
    file = tmp_path / "figures.json"
    words = ["--quick", "--rate", "500", "--json", str(file), "--pictures", str(tmp_path),
             "--markdown", str(tmp_path / "table.md")]  # fmt: skip
    # In a process of its own: it asks for real-time scheduling.
    script = tmp_path / "measure.py"
    script.write_text(
        "import argparse, sys\n"
        f"sys.path[:0] = {[str(root), str(root / 'test' / 'support')]!r}\n"
        "from bench import control\n"
        "if __name__ == '__main__':\n"
        "    parser = argparse.ArgumentParser()\n"
        "    control.add_arguments(parser)\n"
        f"    control.run(parser.parse_args({words!r}))\n"
    )
    subprocess.run([sys.executable, str(script)], check=True, timeout=170, cwd=root, stdout=subprocess.DEVNULL)
    figures = json.loads(file.read_text())
    assert all(isinstance(value, float) for value in figures.values())
    for name in KEYS:
        assert figures[name] >= 0.0, name
    assert 5.0 < figures["latency_ms_median"] < 300.0  # the transition alone lies 5 ms ahead
    assert figures["latency_unanswered"] < 5.0
    assert figures["delay_margin_ms"] >= 20.0
    assert figures["prompt_tracking_rms_mm"] < 5.0
    assert figures["static_error_mm"] < 2.0
    assert figures["estop_rest_s"] <= 0.3
    stages = sum(value for name, value in figures.items() if name.startswith("stage_") and "alignment" not in name)
    assert 0.5 < stages / figures["tick_us_median"] < 2.0
    assert (tmp_path / "table.md").read_text().startswith("| method |")
    for picture in ("control_jerk.png", "control_transition.png"):
        assert (tmp_path / picture).stat().st_size > 20_000


def test_a_short_soak_is_judged(tmp_path, monkeypatch):
    parts = [dict(energy_j=1.0, home_mm=0.3, posture_rad=0.01, norm=0.0, rss_mib=100.0)] * 10
    rig = FrankaRig(500.0, 0.004, 0.0025)

    def part(soak, ticks):
        soak.accepted += 10
        return parts.pop(0)

    monkeypatch.setattr(Soak, "part", part)
    parts[3] = parts[3] | {"rss_mib": 110.0}
    figures, problems = soak_figures(rig, 50_000)
    assert figures["soak_memory_growth_mib"] == 10.0
    assert len(problems) == 1
    assert "soak_memory_growth_mib" in problems[0]


def test_a_soak_in_which_nothing_moves_proves_nothing(monkeypatch):
    def part(soak, ticks):
        soak.refused += 10
        return dict(energy_j=0.0, home_mm=109.0, posture_rad=0.0, norm=0.0, rss_mib=100.0)

    monkeypatch.setattr(Soak, "part", part)
    _, problems = soak_figures(FrankaRig(500.0, 0.004, 0.0025), 50_000)
    assert len(problems) == 2


def test_a_soak_whose_numbers_are_none_is_not_as_it_must_be(monkeypatch):
    parts = [dict(energy_j=1.0, home_mm=0.3, posture_rad=0.01, norm=0.0, rss_mib=100.0)] * 10
    parts[4] = dict.fromkeys(parts[4], np.nan) | {"rss_mib": 100.0}

    def part(soak, ticks):
        soak.accepted += 10
        return parts.pop(0)

    monkeypatch.setattr(Soak, "part", part)
    rig = FrankaRig(500.0, 0.004, 0.0025)
    _, problems = soak_figures(rig, 50_000)
    assert [problem.split()[0] for problem in problems] == [
        "soak_home_mm", "soak_energy_ratio", "soak_drift_mm", "soak_posture_drift_rad", "soak_quaternion_norm_error",
    ]  # fmt: skip
    soak = Soak(rig)
    soak.energy = np.nan
    soak._tick(0)
    assert np.isnan(soak.energy)


def test_a_part_of_a_soak_ends_at_rest_at_home():
    soak = Soak(FrankaRig(500.0, 0.004, 0.0025))
    part = soak.part(3000)
    assert soak.accepted > 3
    assert part["home_mm"] < 2.0
    assert part["norm"] < 1e-9
    assert 0.01 < part["energy_j"] < 20.0


def test_nonsense_is_refused():
    with pytest.raises(ConfigError, match="--seconds"):
        control.run(arguments("--seconds", "-1"))
    with pytest.raises(ConfigError, match="--seeds"):
        control.run(arguments("--seeds", "0"))
    with pytest.raises(ConfigError, match="--soak"):
        control.run(arguments("--soak", "100"))
