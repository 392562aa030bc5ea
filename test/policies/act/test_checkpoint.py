# SPDX-License-Identifier: Apache-2.0
"""ACT on disk: saved, served by its family in a roll-out, and refused by the first thing that does not fit."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed: ./vla test without VLA_EXTRAS=none")

from tiny.act import CONFIG, STATE, save_tiny, seen

from controllers.errors import ConfigError
from vla_ros import cli
from vla_ros.configuration import share_directory
from vla_ros.evaluation.recorded_features import lacks_features
from vla_ros.evaluation.rollout import Rollout, RolloutConfig
from vla_ros.evaluation.runner import EpisodeRunner
from vla_ros.evaluation.settings import EpisodeSettings
from vla_ros.failure_detection.rollout import read_rollouts
from vla_ros.policies.act.checkpoint import load_act, new_network
from vla_ros.policies.act.policy import ActPolicy
from vla_ros.policies.actions.normalisation import Statistics
from vla_ros.policies.chunking.ensemble import Ensemble
from vla_ros.policies.families.loading import check_policy, load_policy
from vla_ros.policies.families.table import family_of
from vla_ros.robots.embodiment import load_embodiment
from vla_ros.sim.world import World
from vla_ros.tasks.grasping.lifting import GraspTaskConfig

FRANKA = load_embodiment("franka")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return save_tiny(tmp_path / "act")


def written(folder: Path, **changes: object) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_it_is_saved_and_answers_as_before(folder: Path) -> None:
    policy, again = load_act(folder, FRANKA), load_act(folder, FRANKA)
    chunk = policy.infer(seen())
    np.testing.assert_array_equal(chunk.values, again.infer(seen()).values)
    assert chunk.channels == (*CONFIG.action.channels, "task/status")
    np.testing.assert_allclose(chunk.times, 0.1 * np.arange(1, 6))
    assert chunk.sequence == 1
    assert policy.infer(seen()).sequence == 2
    policy.reset()
    np.testing.assert_array_equal(policy.infer(seen()).values, chunk.values)
    assert np.abs(policy.infer(seen("pick up the blue can")).values - chunk.values).max() > 0.0
    assert np.abs(policy.infer(seen(seed=1)).values - chunk.values).max() > 0.0


def test_features_are_those_of_the_observation(folder: Path) -> None:
    policy = load_act(folder, FRANKA)
    assert policy.features is None
    policy.infer(seen())
    first = policy.features
    assert first.shape == (CONFIG.network.size,)
    assert first.dtype == np.float32
    policy.infer(seen("pick up the blue can"))
    assert np.abs(policy.features - first).max() > 0.0
    policy.infer(seen())
    np.testing.assert_array_equal(policy.features, first)
    policy.reset()
    assert policy.features is None


@pytest.mark.parametrize(("mean", "width"), [(-0.5, 0.0), (0.5, FRANKA.gripper("panda_hand").width_max)])
def test_fingers_are_told_no_opening_that_they_cannot_have(mean: float, width: float) -> None:
    statistics = Statistics((0.0,) * 6 + (mean,), (0.001,) * 7)
    config = dataclasses.replace(CONFIG, action_statistics=statistics)
    chunk = ActPolicy(new_network(config), config, FRANKA).infer(seen())
    np.testing.assert_allclose(chunk.values[:, chunk.channels.index("panda_hand/width")], width)


def test_its_family_needs_pictures_cut_as_those_that_it_has_learned_from(folder: Path, monkeypatch) -> None:
    own = folder.parent / "lab"
    (own / "contracts").mkdir(parents=True)
    text = (share_directory() / "config" / "contracts" / "franka_grasp.yaml").read_text()
    cut = text.replace("front: {width: 640, height: 480}", "front: {width: 224, height: 224, fit: crop}")
    (own / "contracts" / "franka_grasp.yaml").write_text(cut)
    monkeypatch.setenv("VLA_CONFIG", str(own))
    needs = check_policy("act", FRANKA, folder)
    assert [(camera.name, camera.width, camera.height, camera.fit) for camera in needs.cameras] == [
        ("front", 224, 224, "crop"),
        ("side", 0, 0, "stretch"),
    ]


def test_its_family_needs_its_views_in_colour_and_moves_what_the_checkpoint_says(folder: Path) -> None:
    needs = check_policy("act", FRANKA, folder)
    assert [(camera.name, camera.requirement) for camera in needs.cameras] == [("front", "colour"), ("side", "colour")]
    assert needs.groups == ("panda", "panda_hand")
    assert family_of(folder) == "act"
    assert np.isfinite(load_policy("act", FRANKA, checkpoint=folder).infer(seen()).values).all()


def test_chunks_are_averaged_over_time_on_request(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "act.yaml").write_text("chunking: {method: act}")
    monkeypatch.setenv("VLA_CONFIG", str(tmp_path))
    policy = load_policy(str(folder), FRANKA)
    assert isinstance(policy, Ensemble)
    first, second = policy.infer(seen()), policy.infer(seen(stamp=0.1, seed=1))
    alone = load_act(folder, FRANKA).infer(seen(stamp=0.1, seed=1))
    x = alone.channels.index("panda/position.x")
    low, high = sorted((first.values[1, x], alone.values[0, x]))  # what both say of the same instant
    assert low < second.values[0, x] < high


def test_it_acts_in_a_roll_out(folder: Path) -> None:
    runner = EpisodeRunner(EpisodeSettings("act", checkpoint=str(folder)))
    world = World(runner.scene(0), runner.embodiment, timestep=0.002)
    policy = load_policy("act", runner.embodiment, checkpoint=folder)
    rollout = Rollout(world, runner.follower(), policy, runner.task, RolloutConfig(), GraspTaskConfig(time_limit_s=0.3))
    before = world.time
    judge = rollout.run()
    assert rollout.steps == CONFIG.action.horizon  # one chunk
    assert not judge.success
    assert world.time > before + 0.3
    world.close()


def test_its_features_are_recorded_beside_an_evaluation(folder: Path, tmp_path: Path, monkeypatch) -> None:
    settings = EpisodeSettings("act", checkpoint=str(folder), features=str(tmp_path / "rollouts"), spl=False)
    runner = EpisodeRunner(settings)
    monkeypatch.setattr(type(runner.task), "limits", GraspTaskConfig(time_limit_s=0.6))
    assert lacks_features(settings, 3)
    result = runner.run(3)
    assert not lacks_features(settings, 3)
    (rollout,) = read_rollouts([tmp_path / "rollouts"])
    assert rollout.features.shape == (len(rollout.times), CONFIG.network.size)
    assert (rollout.episode.seed, rollout.episode.success, rollout.episode.set) == (3, result.success, "basic")
    assert rollout.episode.duration_s == result.duration_s
    assert np.isnan(rollout.disagreement).all()  # blocking: no chunk begins before the last one is over


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"robot": "pair"}, "was trained for robot 'pair', this is 'franka'"),
        ({"state": list(STATE[:3])}, "state_statistics are of 8 numbers, state has 3"),
        ({"state": [*STATE[:7], "panda_hand/widht"]}, "unknown state column 'panda_hand/widht'"),
        ({"action_statistics": {"mean": [0.0], "std": [1.0]}}, "action_statistics are of 1 numbers, action has 7"),
        ({"kind": "actt"}, "is a checkpoint of another kind (actt): give one of act"),
        ({"version": 2}, "is a act of version 2; this reads act of version 1"),
        ({"cameras": ["front", "behind"]}, "needs camera 'behind', the robot has"),
        ({"cameras": []}, "cameras and state name at least one each"),
        ({"period": 0.2}, "period is 0.2, but contract 'franka_grasp' says 0.1"),
        ({"contract": "franka_grap"}, "did you mean 'franka_grasp'"),
        ({"action": dataclasses.asdict(CONFIG.action) | {"anchor": "measured", "target": "measured"}},
         "target is 'measured', but contract 'franka_grasp' says 'commanded'"),
        ({"network": {"size": 25}}, "size must be a multiple of 4 and of heads (6), got 25"),
        ({"network": {"siz": 24}}, "did you mean 'size'"),
    ],
)  # fmt: skip
def test_a_checkpoint_of_something_else_is_one_line(folder: Path, changes: dict, text: str) -> None:
    written(folder, **changes)
    with pytest.raises(ConfigError) as error:
        check_policy("act", FRANKA, folder)
    assert text in str(error.value)
    assert "\n" not in str(error.value)


def test_weights_of_other_sizes_and_torn_ones_are_named(folder: Path) -> None:
    sizes = json.loads((folder / "config.json").read_text())["network"]
    written(folder, network=sizes | {"latent": 8})
    with pytest.raises(ConfigError, match=r"latent\.weight has shape \(24, 4\), config\.json makes it \(24, 8\)"):
        load_act(folder, FRANKA)
    (folder / "model.safetensors").write_bytes(b"torn")
    with pytest.raises(ConfigError, match="is corrupt or cut short"):
        load_act(folder, FRANKA)
    (folder / "model.safetensors").unlink()
    with pytest.raises(ConfigError, match=r"model\.safetensors is not there: none are shipped, train it"):
        check_policy("act", FRANKA, folder)


def test_without_weights_vla_eval_says_where_they_come_from(capsys: pytest.CaptureFixture) -> None:
    assert cli.main(["eval", "--policy", "act", "--episodes", "1"]) == 2
    said = capsys.readouterr().err
    assert "policy 'act' needs weights: none are shipped, train it (vla train act_small)" in said
    assert len(said.splitlines()) == 1
