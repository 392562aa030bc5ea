# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import argparse
import json

import pytest

from bench import view
from controllers.errors import ConfigError


def arguments(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    view.add_arguments(parser)
    return parser.parse_args(words)


@pytest.mark.slow  # half a minute of a whole graph, which other tests look at closer
def test_figures_are_written_flat(tmp_path):
    file = tmp_path / "figures.json"
    assert view.run(arguments("--seconds", "3", "--json", str(file))) == 0
    figures = json.loads(file.read_text())
    assert all(isinstance(value, float) for value in figures.values())
    assert 0.0 <= figures["cores_idle"] < figures["cores_watched"] < 1.0
    assert figures["mb_per_s"] > 0.1
    # How often a busy machine gets round to it is no test; that everything comes at all is.
    for topic in ("/tf", "/cameras/front/color/image_raw/compressed", "/policy/action_chunk/path", "/diagnostics"):
        assert figures[f"hz{topic}"] > 0.5


def test_nonsense_is_refused():
    with pytest.raises(ConfigError, match="--seconds"):
        view.run(arguments("--seconds", "0"))
