# SPDX-License-Identifier: Apache-2.0
"""Task files: the shipped one, its scenes, and what is refused in one line."""

from __future__ import annotations

import pytest
import yaml

from controllers.errors import ConfigError
from vla_ros.configuration import config_names
from vla_ros.sim.scenes.request import SceneRequest
from vla_ros.tasks import table as tasks
from vla_ros.teleop.scheduling.prompt import SceneInstruction, make_prompt
from vla_ros.teleop.scheduling.task import load_task, task_path

SMALL = {
    "name": "small",
    "actions": {"pick up": {"instruction": "pick up the {object}"}},
    "objects": {"red mug": {}, "banana": {}},
}


@pytest.fixture
def write(tmp_path):
    def write(**changes: object):
        path = tmp_path / "task.yaml"
        path.write_text(yaml.safe_dump({**SMALL, **changes}, sort_keys=False))
        return path

    return write


@pytest.mark.parametrize("name", config_names("tasks", prefix="collect_"))
def test_every_prompt_of_a_shipped_task_has_its_scene(name):
    task = load_task(task_path(name))
    assert task.name == name
    for number, cell in enumerate(task.cells):
        prompt = make_prompt(task, cell, number)
        if prompt.scene is not None:
            shown = tasks.load_task(task.task or tasks.DEFAULT_TASK)
            scene = shown.scene(SceneRequest.read(prompt.scene))
            prompt = prompt.with_scene_instruction(SceneInstruction(scene.instruction, tuple(shown.prompts(scene))))
        assert prompt.text
        assert prompt.instruction
        assert "{" not in prompt.text + prompt.instruction
        if prompt.scene is not None:
            assert scene.stream == "generation"
            assert all(word in scene.target for word in cell.object.split() if word not in ("tea",))


def test_backgrounds_and_positions_may_be_left_out(write):
    task = load_task(write(each=4))
    assert [cell.text for cell in task.cells] == ["pick up, red mug", "pick up, banana"]
    assert make_prompt(task, task.cells[0], 0).text == "Put the red mug on the table. Pick up the red mug."


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"objekts": {}}, "unknown key 'objekts': did you mean 'objects'"),
        ({"each": 0}, "each must be 1 to 100000, got 0"),
        ({"each": "many"}, "each: expected int, got 'many'"),
        ({"name": "a/b"}, "name 'a/b': give letters"),
        ({"objects": {}}, "actions and objects must not be empty"),
        ({"actions": {"pick up": {"instruction": "pick up the {objct}"}}}, "did you mean 'object'"),
        ({"actions": {"pick up": {"instruction": "pick up the {object"}}}, "pick up the {object"),
        ({"actions": {"pick up": {"instruction": " "}}}, "instruction must not be empty"),
        ({"without": [{"object": "bananas"}]}, "unknown object 'bananas': did you mean 'banana'"),
        ({"without": [{}]}, "without: an entry without a name would leave nothing"),
        ({"without": [{"action": "pick up"}]}, "without leaves no combination"),
        ({"stream": "training"}, "unknown stream 'training'"),
        ({"objects": {f"object {i}": {} for i in range(6000)}}, "6000 combinations are more than 5000"),
    ],
)
def test_a_bad_file_is_one_line_that_names_the_place(write, changes, message):
    with pytest.raises(ConfigError) as error:
        load_task(write(**changes))
    assert message in str(error.value)
    assert "task.yaml" in str(error.value)
    assert "\n" not in str(error.value)


def test_an_unknown_task_names_the_nearest():
    with pytest.raises(ConfigError, match=r"did you mean 'franka'.*or the path of a .yaml file"):
        task_path("franca")
    assert str(task_path("mine/here.yaml")) == "mine/here.yaml"
