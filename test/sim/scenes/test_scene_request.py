# SPDX-License-Identifier: Apache-2.0
"""What a scene is requested by, in words and back; sets that say only in what they differ from another task's."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from controllers.errors import ConfigError
from vla_ros.configuration import USER_FOLDER
from vla_ros.sim.scenes.request import PARAMETERS, SceneRequest
from vla_ros.sim.scenes.sets import load_sets


def test_parameters_are_read_back_as_they_were_said() -> None:
    asked = SceneRequest("distractor", 7, "generation", "all", "mine", "common", "red mug", "near left")
    assert tuple(asked.parameters) == PARAMETERS
    assert SceneRequest.read(asked.parameters) == asked
    assert SceneRequest.read(SceneRequest().parameters) == SceneRequest()


def test_what_is_left_out_is_the_default_and_what_is_no_parameter_is_not_read() -> None:
    said = {"set": "light", "seed": "3", "robot": "ur5e", "by_part": True}
    assert SceneRequest.read(said) == SceneRequest("light", 3)


def test_one_parameter_is_changed_and_an_empty_one_is_none() -> None:
    asked = SceneRequest("light", 3, objects="mine", target="mug")
    assert asked.changed("set", "basic") == SceneRequest("basic", 3, objects="mine", target="mug")
    assert asked.changed("objects", "") == SceneRequest("light", 3, target="mug")
    assert asked.changed("target", "").target == ""


@pytest.fixture
def own_sets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Return what writes the sets of a task of one's own."""
    (tmp_path / "tasks").mkdir()
    monkeypatch.setenv(USER_FOLDER, str(tmp_path))
    load_sets.cache_clear()

    def write(task: str, content: object) -> None:
        (tmp_path / "tasks" / f"{task}_sets.yaml").write_text(yaml.safe_dump(content))

    yield write
    load_sets.cache_clear()


def test_sets_with_a_base_name_only_what_differs(own_sets) -> None:
    own_sets("stacking", {"base": "grasping", "scene": {"others": [1, 1]}, "sets": {"height": {"raise_table": 0.05}}})
    base, own = load_sets("grasping"), load_sets("stacking")
    assert own.scene.others == (1, 1)
    assert own.scene.cameras == base.scene.cameras
    assert own.sets["height"].raise_table == 0.05
    assert {name: one for name, one in own.sets.items() if name != "height"} == {
        name: one for name, one in base.sets.items() if name != "height" and not (one.asks or one.opacity)
    }
    assert own.generation == {name: one for name, one in base.generation.items() if name != "height"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"base": "graspin"}, "did you mean 'grasping'"),
        ({"base": "stacking"}, "unknown base 'stacking'"),
        ({"base": "placing"}, "has a base itself, 'grasping': name that one"),
        ({"base": "grasping", "generation": {"heigth": {}}}, "generation: unknown set 'heigth': did you mean 'height'"),
        ({"base": "grasping", "scenes": {}}, "unknown key 'scenes': did you mean 'scene'"),
        (["basic"], "expected a mapping, got list"),
    ],
)
def test_a_base_that_is_none_is_one_line(own_sets, content, message) -> None:
    own_sets("stacking", content)
    with pytest.raises(ConfigError) as error:
        load_sets("stacking")
    assert message in str(error.value)
    assert "\n" not in str(error.value)
