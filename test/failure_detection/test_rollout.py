# SPDX-License-Identifier: Apache-2.0
"""Recorded roll-outs on disk: the same again, and whatever else stands in a file is one line."""

from __future__ import annotations

import dataclasses
import json
import pickle
from pathlib import Path

import numpy as np
import pytest
from policy_making.synthetic_rollouts import drifting, episode
from safetensors.numpy import save

from controllers.errors import ConfigError
from vla_ros.failure_detection.rollout import (
    RecordedRollout,
    read_rollout,
    read_rollouts,
    rollout_path,
    save_rollout,
)

GOOD = dataclasses.asdict(episode(1, True))
SCENES = ("grasping", "basic", "action", "common")


def written(folder: Path, episode_text: str | None = None, **changes: np.ndarray | None) -> Path:
    """Write a sound roll-out with other arrays; None leaves one out."""
    arrays: dict[str, np.ndarray | None] = {
        "features": np.zeros((3, 2), np.float32), "times": np.arange(3.0), "disagreement": np.zeros(3, np.float32),
        "doubt": np.zeros(3, np.float32),
    }  # fmt: skip
    arrays |= changes
    said = json.dumps(GOOD) if episode_text is None else episode_text
    path = rollout_path(folder, SCENES, 1)
    path.write_bytes(
        save({name: value for name, value in arrays.items() if value is not None}, {"episode": said} if said else None)
    )
    return path


def test_what_was_written_is_read(tmp_path: Path) -> None:
    rollout = drifting(1, 3)[0]
    rollout.features[2] = np.nan
    path = rollout_path(tmp_path / "new", SCENES, rollout.episode.seed)
    save_rollout(path, rollout)
    assert path.name == "grasping_basic_action_common_30000.rollout.safetensors"
    again = read_rollout(path)
    assert again.episode == rollout.episode
    for name in ("features", "times", "disagreement", "doubt"):
        np.testing.assert_array_equal(getattr(again, name), getattr(rollout, name))
    assert [one.episode for one in read_rollouts([tmp_path])] == [rollout.episode]


def test_where_no_network_made_a_chunk_all_features_are_absent(tmp_path: Path) -> None:
    some = drifting(1, 3)[0]
    none = RecordedRollout(
        episode(7, False), np.empty((4, 0), np.float32), np.arange(4.0), np.full(4, np.nan), np.full(4, np.nan)
    )
    for rollout in (some, none):
        save_rollout(rollout_path(tmp_path, SCENES, rollout.episode.seed), rollout)
    made = {rollout.episode.seed: rollout for rollout in read_rollouts([tmp_path])}
    assert made[7].features.shape == (4, some.features.shape[1])
    assert np.isnan(made[7].features).all()


F = np.float32


@pytest.mark.parametrize(("changes", "message"), [
    ({"features": None}, "its arrays are other than features, times, disagreement, doubt"),
    ({"more": np.zeros(1)}, "its arrays are other than features, times, disagreement, doubt"),
    ({"features": np.zeros((3, 2))}, "features is of float64, not of float32"),
    ({"features": np.zeros((2, 2), F)}, "do not fit times"),
    ({"features": np.zeros(3, F)}, "do not fit times"),
    ({"features": np.array([[0, 1], [0, np.nan], [1, 1]], F)}, "neither finite nor wholly absent"),
    ({"features": np.array([[0, 1], [0, np.inf], [1, 1]], F)}, "neither finite nor wholly absent"),
    ({"times": np.array([0.0, np.nan, 1.0])}, "not finite, or run backwards"),
    ({"times": np.array([0.0, 2.0, 1.0])}, "not finite, or run backwards"),
    ({"disagreement": np.zeros(4, F)}, "does not fit times"),
    ({"doubt": np.full(3, np.inf, F)}, "doubt .* is infinite"),
    ({"episode_text": ""}, "it lacks episode"),
    ({"episode_text": "{"}, "not valid JSON"),
    ({"episode_text": "[]"}, "its episode is no mapping"),
    ({"episode_text": "{}"}, "not a recorded roll-out"),
    ({"episode_text": json.dumps(GOOD | {"success": 1})}, "success is 1, which is no bool"),
    ({"episode_text": json.dumps(GOOD | {"seed": "1"})}, "seed is '1', which is no int"),
])  # fmt: skip
def test_a_file_that_holds_something_else_is_one_line(tmp_path: Path, changes: dict, message: str) -> None:
    path = written(tmp_path, **changes)
    with pytest.raises(ConfigError, match=message) as error:
        read_rollouts([tmp_path])
    assert str(error.value).startswith(f"{path}: not a recorded roll-out")
    assert "\n" not in str(error.value)


def test_torn_and_foreign_files_are_one_line(tmp_path: Path) -> None:
    path = written(tmp_path)
    whole = path.read_bytes()
    for content in (whole[:-8], whole[: len(whole) // 2], b"", b"none of the kind", pickle.dumps({"features": 1})):
        path.write_bytes(content)
        with pytest.raises(ConfigError, match="not a recorded roll-out") as error:
            read_rollout(path)
        assert "\n" not in str(error.value)
    with pytest.raises(ConfigError, match="cannot be read"):
        read_rollout(tmp_path / "missing.rollout.safetensors")


def test_folders_that_hold_nothing_or_mixtures_are_one_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="holds no"):
        read_rollouts([tmp_path])
    with pytest.raises(ConfigError, match="is no folder of roll-outs"):
        read_rollouts([tmp_path / "none"])
    first, second = drifting(2, 3)
    save_rollout(rollout_path(tmp_path, SCENES, 1), first)
    save_rollout(rollout_path(tmp_path, SCENES, 2), first)
    with pytest.raises(ConfigError, match="is the same episode as another file"):
        read_rollouts([tmp_path])
    other = dataclasses.replace(second.episode, checkpoint="checkpoints/mine")
    save_rollout(rollout_path(tmp_path, SCENES, 2), dataclasses.replace(second, episode=other))
    with pytest.raises(ConfigError, match="roll-outs of several policies: checkpoint '' and 'checkpoints/mine'"):
        read_rollouts([tmp_path])


def test_folders_of_the_same_weights_are_of_one_policy_and_of_others_are_not(tmp_path: Path) -> None:
    def noted(rollout: RecordedRollout, number: int, **words: str) -> None:
        episode = dataclasses.replace(rollout.episode, **words)
        save_rollout(rollout_path(tmp_path, SCENES, number), dataclasses.replace(rollout, episode=episode))

    first, second = drifting(2, 3)
    noted(first, 1, checkpoint="mine", weights="a1")
    noted(second, 2, checkpoint="copies/mine", weights="a1")
    assert len(read_rollouts([tmp_path])) == 2
    noted(second, 2, checkpoint="mine", weights="b2")
    with pytest.raises(ConfigError, match="roll-outs of several policies: weights 'a1' and 'b2'"):
        read_rollouts([tmp_path])
    noted(second, 2, checkpoint="mine")  # of before weights were noted: folders tell
    assert len(read_rollouts([tmp_path])) == 2
