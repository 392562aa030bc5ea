# SPDX-License-Identifier: Apache-2.0
"""`vla bench latency`: kept episodes are not run again, rows are paired, the exit code says whether the bar holds."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest

from bench import latency
from vla_ros.cli import main
from vla_ros.evaluation.episode_log import LOG_ENDING, EpisodeLog
from vla_ros.evaluation.statistics import EpisodeResult

NETWORKS = ("0", "0.3±0.15", "0.1,outage=1/3")


def words(file: Path) -> list[str]:
    named = [word for network in NETWORKS for word in ("--network", network)]
    return ["--episodes", "10", "--first-seed", "9000", *named, "--json", str(file)]


def keep(file: Path, network: str, failed: set[int]) -> None:
    """Write the episodes of a network as the command keeps them."""
    parser = argparse.ArgumentParser()
    latency.add_arguments(parser)
    settings = latency._settings(parser.parse_args(words(file)), network)
    log = EpisodeLog(file.with_suffix(".rows") / f"{network.replace('/', '_of_')}{LOG_ENDING}", settings, resume=False)
    for seed in settings.seeds:
        success = seed not in failed
        outcome = "success" if success else "time limit"
        log.append(EpisodeResult(seed, "mug", "red_mug", "", outcome, success, 1, None, 50, 6.0, 1.0))


@pytest.mark.parametrize(("failed", "code"), [({9003}, 0), ({9003, 9005, 9007}, 1)])
def test_rows_are_set_beside_the_first_scene_by_scene(failed, code, tmp_path, capsys):
    file = tmp_path / "latency.json"
    for network, without in zip(NETWORKS, ({9001}, failed, set()), strict=True):
        keep(file, network, without)
    assert main(["bench", "latency", *words(file)]) == code
    said, figures = capsys.readouterr().out, json.loads(file.read_text())
    assert figures["0/success"] == 0.9
    assert figures["0.3±0.15/difference"] == pytest.approx(0.1 * (1 - len(failed)))
    assert figures["0.1,outage=1/3/difference"] == pytest.approx(0.1)
    assert f"1, {len(failed)}" in said  # alone here, alone there
    assert ("0.3±0.15 costs 20.0 points, allowed are 3" in said) == bool(code)


def test_a_network_that_is_none_is_one_line(capsys):
    assert main(["bench", "latency", "--network", "soon"]) == 2
    assert "--network soon: give SECONDS" in capsys.readouterr().err
