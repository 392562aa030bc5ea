# SPDX-License-Identifier: Apache-2.0
"""Settings of a policy changed for one run."""

from __future__ import annotations

import pytest

from controllers.errors import ConfigError
from vla_ros.evaluation.settings import EpisodeSettings
from vla_ros.policies.families.changed_settings import changed
from vla_ros.policies.families.loading import specified
from vla_ros.robots.embodiment import load_embodiment


def test_changes_go_into_mappings_and_leave_what_was_given_as_it_was():
    settings = {"checkpoint": "a", "rules": {"rise": True, "veto": True}}
    assert changed(settings, " rules.rise=false, checkpoint=b ,rules.speed=0.5", "here") == {
        "checkpoint": "b",
        "rules": {"rise": False, "veto": True, "speed": 0.5},
    }
    assert settings == {"checkpoint": "a", "rules": {"rise": True, "veto": True}}
    assert changed(settings, "", "here") == settings


@pytest.mark.parametrize("text", ["rules", "rules.=1", "=1", "rules.rise=", ".rise=1"])
def test_what_is_no_change_is_one_line(text):
    with pytest.raises(ConfigError, match="give KEY=VALUE"):
        changed({}, text, "here")


def test_a_change_within_what_is_no_mapping_is_one_line():
    with pytest.raises(ConfigError, match="'checkpoint' is no mapping"):
        changed({"checkpoint": "a"}, "checkpoint.rise=1", "here")


def test_rules_are_known_by_name():
    franka = load_embodiment("franka")
    assert not specified("graspvla", franka, changes="rules.rise=false")._weights.rules.rise
    with pytest.raises(ConfigError, match=r"graspvla\.yaml with rules\.ris=false: .*unknown key 'ris'"):
        specified("graspvla", franka, changes="rules.ris=false")
    with pytest.raises(ConfigError, match="expected bool, got"):
        specified("graspvla", franka, changes="rules.rise=7")
    with pytest.raises(ConfigError, match=r"--setting rules\.rise=false: the expert has neither"):
        EpisodeSettings("expert", setting="rules.rise=false").check()
