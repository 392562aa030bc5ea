# SPDX-License-Identifier: Apache-2.0
"""The expert of packing in lockstep: it puts down what it picks, and the judge agrees."""

from __future__ import annotations

from vla_ros.evaluation.runner import EpisodeRunner
from vla_ros.evaluation.settings import EpisodeSettings


def test_what_is_picked_is_put_into_the_other_tote():
    settings = EpisodeSettings(policy="expert", task="bin_pack", robot="franka+seven_piston")
    result = EpisodeRunner(settings).run(3)
    assert result.success, result.outcome
