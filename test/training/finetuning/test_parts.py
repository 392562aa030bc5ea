# SPDX-License-Identifier: Apache-2.0
"""Grasps by a named part: scenes that ask for it, an expert that does it, labels with a box around it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed: VLA_EXTRAS=learning ./vla test")

from scene_making.drawn_scene import grasping_scene

from controllers.errors import ConfigError
from vla_ros.configuration import share_directory
from vla_ros.data.datasets.episode import EncodedEpisode
from vla_ros.data.datasets.reader import LeRobotReader
from vla_ros.data.datasets.writer import LeRobotWriter
from vla_ros.evaluation.runner import EpisodeRunner
from vla_ros.evaluation.settings import EXPERT, EpisodeSettings
from vla_ros.objects.named_parts import named_parts
from vla_ros.policies.graspvla.small.checkpoint import load_networks
from vla_ros.policies.graspvla.small.checkpoint_config import read_config
from vla_ros.policies.graspvla.small.target_search import TargetSearch
from vla_ros.tasks.grasping.part_grasps import target_part
from vla_ros.training.finetuning.labels.labels import label_episode
from vla_ros.training.finetuning.labels.object_boxes import overlap
from vla_ros.training.generation import annotations as notes
from vla_ros.training.generation.episode_maker import EpisodeMaker
from vla_ros.training.generation.settings import GenerationSettings

CHECKPOINT = share_directory() / "checkpoints" / "graspvla_small"
SEED = 8001


def test_scenes_ask_for_a_part_that_the_target_has() -> None:
    for seed in range(6):
        scene = grasping_scene("basic", seed, by_part=True)
        assert scene.instruction.endswith(f" by its {target_part(scene).name}")
        assert scene.target_object.model.category in named_parts()


def test_a_part_is_a_stretch_of_its_object() -> None:
    scene = next(s for s in map(lambda n: grasping_scene("basic", n, by_part=True), range(40)) if "hammer" in s.target)
    part, model = target_part(scene), scene.target_object.model
    low, high = model.bounds
    ends = np.array([[low[0], 0.0, 0.0], part.middle(model), [high[0], 0.0, 0.0]])
    assert part.holds(model, ends).tolist() == [True, True, False]


def test_the_expert_takes_it_by_its_part_and_is_judged_by_that() -> None:
    by_part = EpisodeRunner(EpisodeSettings(EXPERT, by_part=True))
    scene = by_part.scene(3000)
    done = by_part.run_scene(scene, compare=False)
    assert done.success
    # The same scene by whatever is nearest to the mass centre: lifted, and no success of this task.
    policy_of_old = EpisodeRunner(EpisodeSettings(EXPERT))
    whole = dataclasses.replace(policy_of_old.settings, by_part=False)
    assert EpisodeRunner(whole).run_scene(scene, compare=False).success


def test_a_demonstration_by_a_part_is_labelled_with_a_box_around_it(tmp_path: Path) -> None:
    maker = EpisodeMaker(GenerationSettings(by_part=True, recovery=0.0, sets={"basic": 1.0}))
    made = maker.make(SEED)
    assert isinstance(made, EncodedEpisode)
    with LeRobotWriter(tmp_path / "data", maker.schema) as writer:
        writer.add(made)
    networks = load_networks(CHECKPOINT, read_config(CHECKPOINT)).eval()
    with LeRobotReader(tmp_path / "data") as reader, torch.inference_mode():
        labels = label_episode(
            reader,
            reader.metadata.episodes[0],
            TargetSearch(networks.backbone),
            ("front", "side"),
        )
        target = int(reader.column(notes.TARGET)[0])
        truth = reader.column(notes.boxes_column("front"))[0, target, :4]
    names = str(labels.columns[notes.OBJECT_NAMES][0]).split(";")
    assert names[0] == f"by its {named_parts()[names[1].split(' ', 1)[1]].name}"
    part, whole = labels.columns[notes.boxes_column("front")][0, :2, :4].astype(float)
    assert overlap(whole[None], truth[None])[0, 0] > 0.5
    assert (part[2:] - part[:2]).prod() < (whole[2:] - whole[:2]).prod()
    inside = np.concatenate([np.maximum(part[:2], whole[:2]), np.minimum(part[2:], whole[2:])])
    np.testing.assert_allclose(inside, part, atol=1.0)


def test_parts_are_of_the_catalogue_alone() -> None:
    with pytest.raises(ConfigError, match="leave out objects"):
        GenerationSettings(by_part=True, objects="parts")
    with pytest.raises(ConfigError, match="leave out --objects"):
        EpisodeSettings(EXPERT, by_part=True, objects="parts").check()
