# SPDX-License-Identifier: Apache-2.0
import argparse
import json

import pytest

from bench import planning
from controllers.errors import ConfigError


def arguments(*words):
    parser = argparse.ArgumentParser()
    planning.add_arguments(parser)
    return parser.parse_args(words)


def test_figures_are_written_flat_and_every_path_is_looked_at_again(tmp_path, capsys):
    file = tmp_path / "figures.json"
    assert planning.run(arguments("--scenes", "4", "--budget", "30", "--compare", "--json", str(file))) == 0
    figures = json.loads(file.read_text())
    assert all(isinstance(value, float) for value in figures.values())
    assert figures["solved_percent"] == 100.0
    assert figures["rechecked_colliding_paths"] == 0.0
    assert figures["rechecked_configurations"] > 4000.0
    assert figures["rechecked_clearance_min_mm"] > 8.0
    for limit in ("velocity", "acceleration", "jerk"):
        assert figures[f"{limit}_share_max"] <= 1.001
    # Shortcuts help, and nothing is quicker than the optimum on its own path.
    assert figures["duration_s_p50"] <= figures["duration_resting_in_corners_s_p50"] + 1e-9
    assert figures["duration_s_p50"] > 0.97 * figures["duration_toppra_same_path_s_p50"]
    assert "solved_percent" in capsys.readouterr().out


def test_nonsense_is_refused():
    with pytest.raises(ConfigError, match="--scenes"):
        planning.run(arguments("--scenes", "0"))
