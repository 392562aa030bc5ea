# SPDX-License-Identifier: Apache-2.0
"""Three episodes of the expert in strong light."""

from __future__ import annotations

from vla_ros.evaluation.settings import EpisodeSettings, EvaluationSettings

SETTINGS = EvaluationSettings(EpisodeSettings(policy="expert", set_name="light"), episodes=3)
