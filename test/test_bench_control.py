# SPDX-License-Identifier: Apache-2.0
import argparse
import json
import subprocess
import sys

import pytest

from bench import control
from controllers.errors import ConfigError


def arguments(*words):
    parser = argparse.ArgumentParser()
    control.add_arguments(parser)
    return parser.parse_args(words)


def test_figures_are_written_flat(tmp_path, root):
    file = tmp_path / "figures.json"
    # In a process of its own: it asks for real-time scheduling.
    code = (
        "import argparse; from bench import control; p = argparse.ArgumentParser(); control.add_arguments(p); "
        f"control.run(p.parse_args(['--quick', '--workers', '1', '--rate', '500', '--json', {str(file)!r}]))"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=170, cwd=root, stdout=subprocess.DEVNULL)
    figures = json.loads(file.read_text())
    assert all(isinstance(value, float) for value in figures.values())
    for name in ("tick_us_median", "tick_us_p99", "stitch_ms_p99", "lateness_p999_ms", "estop_rest_s"):
        assert figures[name] >= 0.0
    assert figures["delay_margin_ms"] >= 20.0
    assert figures["tracking_rms_mm"] < 5.0
    assert figures["static_error_mm"] < 2.0
    assert figures["estop_rest_s"] <= 0.3


def test_nonsense_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="--seconds"):
        control.run(arguments("--seconds", "-1"))
