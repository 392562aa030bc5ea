# SPDX-License-Identifier: Apache-2.0
"""From the report of a launch to the record that lockstep evaluations keep of an episode."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vla_ros.evaluation.choosers import expected
from vla_ros.evaluation.pool import Broken
from vla_ros.evaluation.rollout import RolloutConfig
from vla_ros.evaluation.statistics import EpisodeResult
from vla_ros.sim.scenes.scene import Scene
from vla_ros.tasks.judging import Outcome

ACTION_RATE = RolloutConfig().camera_hz  # [Hz] of the actions that SPL counts


def episode_record(
    scene: Scene, report: Mapping[str, Any], wall_s: float, run_directory: Path
) -> EpisodeResult | Broken:
    """Return what the launch came to; `wall_s` [s] from its start to its end, start-up included.

    Broken is what never came to a verdict: a node that died, a graph that was not ready, an interrupt. An arm that was
    stopped for safety is a failure of the graph and counts as one. The actions are the 10 Hz periods from the
    instruction to the end, thinking included, as in lockstep with `--non-blocking`.
    """
    if not report.get("outcome") or report.get("exit_code") not in (0, 1):
        return Broken(scene.seed, f"{_why(report)}; see {run_directory}")
    if (report["target"] or "") != scene.target:
        return Broken(scene.seed, f"the graph's target was {report['target']}, the scene's is {scene.target}")
    outcome = Outcome(report["outcome"])
    return EpisodeResult(
        seed=scene.seed,
        category=scene.target_object.model.category if scene.target else scene.set_name,
        target=scene.target,
        instruction=report["instruction"],
        outcome=outcome.value,
        success=outcome == Outcome.SUCCESS,
        attempts=report["attempts"],
        first_lifted=report.get("first_lifted"),  # a report leaves out what was none
        steps=round(report["episode_s"] * ACTION_RATE),
        duration_s=report["episode_s"],
        wall_s=wall_s,
        cause=report.get("cause", ""),
        **expected(scene),
        progress=report.get("progress"),
        parts_done=report.get("parts_done", 0),
        parts=report.get("parts", 0),
        followed=report.get("requests_followed", 0),
        asked=report.get("requests_asking", 0),
        real_time_factor=report["real_time_factor"],
        real_time_factor_worst_s=report["real_time_factor_worst_s"],
        run_directory=str(run_directory),
    )


def _why(report: Mapping[str, Any]) -> str:
    return report.get("failure") or report.get("ended") or "it left no report"
