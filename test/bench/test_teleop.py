# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import argparse
import json

import pytest

from bench import teleop
from controllers.errors import ConfigError


def arguments(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    teleop.add_arguments(parser)
    return parser.parse_args(words)


@pytest.mark.slow  # half a minute of a whole graph, which other tests look at closer
def test_figures_are_written_flat(tmp_path):
    file = tmp_path / "figures.json"
    assert teleop.run(arguments("--seconds", "5", "--json", str(file))) == 0
    figures = json.loads(file.read_text())
    assert all(isinstance(value, float) for value in figures.values())
    # How late a busy machine is, is no test; that everything comes and is counted at all is.
    assert 0.0 < figures["command_ms"] < figures["tick_ms"] < figures["sent_ms"] <= figures["sent_p95_ms"]
    assert figures["packets"] > 50.0
    assert figures["chunks"] > 10.0
    assert figures["clutches"] == 2.0
    assert figures["pictures_per_s"] > 0.5
    assert 0.0 <= figures["cores_idle"] < 1.0
    assert figures["refused_chunks"] == 0.0


def test_nonsense_is_refused():
    with pytest.raises(ConfigError, match="--seconds"):
        teleop.run(arguments("--seconds", "0"))
