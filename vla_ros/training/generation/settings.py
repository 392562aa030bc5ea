# SPDX-License-Identifier: Apache-2.0
"""What is generated: config/generate/*.yaml. Light to import: a parent process needs no simulator."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from controllers.errors import ConfigError, unknown_name
from vla_ros.configuration import config_path, load_config
from vla_ros.objects.catalogue import load_catalogue
from vla_ros.objects.category import ACTION, TRAINED, chosen_categories, split_names
from vla_ros.policies.contract import load_contract
from vla_ros.robots.embodiment import Embodiment, load_embodiment, robot_names
from vla_ros.robots.names import DEFAULT_CONTRACT, DEFAULT_ROBOT
from vla_ros.seed_range import SEED_MAX
from vla_ros.sim.scenes.request import SceneRequest
from vla_ros.sim.scenes.scene import SceneCamera
from vla_ros.sim.scenes.sets import SceneSets, check_trained_set
from vla_ros.sim.scenes.target_query import check_words
from vla_ros.tasks.named_things import naming
from vla_ros.tasks.table import DEFAULT_TASK, load_task

COUNT_MAX = 100_000_000
RECOVERY_MAX = 0.5
EXPERT_HZ = 10  # looks of an expert
AMOUNTS = ("episodes", "grounding")  # how much there is to be; the rest says what it is


@dataclass(frozen=True)
class GenerationSettings:
    """What all episodes share, and how many there are to be. Raises ConfigError for what must not be generated."""

    robot: str = DEFAULT_ROBOT
    task: str = DEFAULT_TASK
    contract: str = DEFAULT_CONTRACT
    # Share of the episodes that is drawn from each set of the task, config/tasks/<task>_sets.yaml.
    sets: dict[str, float] = field(
        default_factory=lambda: {"basic": 0.30, "distractor": 0.45, "light": 0.15, "height": 0.10}
    )
    categories: str = ACTION  # of demonstrations
    grounding_categories: str = TRAINED  # of grounding scenes; those that are not of action carry no grasps
    target: str = ""  # what is asked for in every scene, "rocket"; empty: what the seed draws
    objects: str = ""  # folder of your own objects (docs/objects.md); empty: the procedural catalogue
    clean: bool = False  # frames whose action is no example are left out: episodes end there
    by_part: bool = False  # requested and grasped by a part, such as the handle: config/objects/parts.yaml
    recovery: float = 0.15  # share of the episodes that hold a failure and its recovery
    grounding: int = 0  # scenes with boxes alone, no actions
    episodes: int = 100
    seed: int = 0  # the first; a seed that gives no episode is replaced by a further one

    def __post_init__(self) -> None:
        for name, value, low, high in (
            ("episodes", self.episodes, 0, COUNT_MAX),
            ("grounding", self.grounding, 0, COUNT_MAX),
            ("seed", self.seed, 0, SEED_MAX),
        ):
            if not low <= value <= high:
                raise ConfigError(f"{name} must be {low} to {high}, got {value}")
        if not self.episodes + self.grounding:
            raise ConfigError("episodes and grounding are both 0: ask for one of them")
        if not 0.0 <= self.recovery <= RECOVERY_MAX:
            raise ConfigError(f"recovery must be 0 to {RECOVERY_MAX}, a share of the episodes, got {self.recovery}")
        if self.robot not in robot_names():
            raise ConfigError(unknown_name("robot", self.robot, robot_names()))
        sets = load_task(self.task).sets
        robot = load_embodiment(self.robot)
        _check_contract(self.contract, sets, robot)
        if self.grounding:
            naming(load_task(self.task), self.task)
        if self.objects and self.by_part:
            raise ConfigError("by_part: parts are named of the catalogue's objects alone: leave out objects")
        if self.objects:
            load_catalogue(self.objects)
        _check_categories("categories", self.categories, (ACTION,))
        _check_categories("grounding_categories", self.grounding_categories, split_names(TRAINED))
        _check_sets(self.sets, sets)
        if self.target:
            chosen = f"{self.categories}+{self.grounding_categories}" if self.grounding else self.categories
            check_words(dataclasses.replace(self.request("", 0), categories=chosen))
        self._check_task()

    def _check_task(self) -> None:
        for name in self.sets:
            load_task(self.task).check(self.request(name, self.seed))

    def request(self, set_name: str, seed: int, cameras: tuple[str, ...] = ()) -> SceneRequest:
        """Return what a scene of these settings is drawn from."""
        return SceneRequest(
            set_name, seed, "generation", self.categories, self.objects, target=self.target, cameras=cameras,
            by_part=self.by_part, robot=self.robot,
        )  # fmt: skip


@dataclass(frozen=True)
class Rejection:
    """Why a seed gave no episode. What follows a colon in the reason is a detail: reasons are counted without it."""

    seed: int
    reason: str


def load_settings(name: str) -> GenerationSettings:
    """Read settings by their name, or by the path of a .yaml file. Raises ConfigError with the nearest name or key."""
    return load_config(config_path("generate", "settings", name), GenerationSettings)


def draw_set(shares: Mapping[str, float], rng: np.random.Generator) -> str:
    """Draw the name of a set by its share. Shares of a file add up to 1 only as far as they were written down."""
    wanted = np.array(list(shares.values()))
    return str(rng.choice(list(shares), p=wanted / wanted.sum()))


def _check_contract(name: str, sets: SceneSets, robot: Embodiment) -> None:
    """Refuse what the simulator has not: other cameras or topics, and joint commands of an arm driven by torque."""
    scene, contract = sets.scene, load_contract(name)
    where, action = f"contract '{name}'", contract.action
    known = [*scene.cameras, *scene.mounted_cameras, *robot.mounted_cameras]
    for camera, stream in contract.cameras.items():
        if camera not in known:
            raise ConfigError(f"{where}: {unknown_name('simulated camera', camera, known)}")
        if stream.fit == "exact" and (stream.width, stream.height) != SceneCamera.size:
            width, height = SceneCamera.size
            raise ConfigError(
                f"{where}: camera '{camera}' is simulated in {width}x{height}, stored in "
                f"{stream.width}x{stream.height}: set its fit to crop or stretch"
            )
    if contract.fps % EXPERT_HZ:
        raise ConfigError(
            f"{where}: experts look {EXPERT_HZ} times a second, which {contract.fps} frames a second are no multiple "
            f"of: set fps to {EXPERT_HZ}, or convert the data"
        )
    for column, feature in contract.features.items():
        if feature.kind != "calibration":
            raise ConfigError(f"{where}: '{column}' is a topic's, which no simulated episode has: leave it out")
    if action.cups:
        raise ConfigError(f"{where}: moves cups, no simulated expert does: leave it out")
    if action.base and robot.base is None:
        raise ConfigError(f"{where}: moves a base, which robot '{robot.name}' has not: leave it out")
    by_torque = {joint for arm in robot.arms if arm.command_mode("") != "position" for joint in arm.joints}
    if by_torque & set(action.joints) and (action.target != "measured" or action.anchor == "commanded"):
        raise ConfigError(
            f"{where}: joints of the simulated arm are not commanded: give target: measured, anchor: measured or none"
        )


def _check_categories(key: str, categories: str, allowed: tuple[str, ...]) -> None:
    chosen_categories(categories)
    # A single category is somebody's own wish: of what it teaches evaluation shows nothing by itself any more.
    if refused := [name for name in split_names(categories) if name not in allowed]:
        raise ConfigError(
            f"{key} '{categories}': '{refused[0]}' is in no such data, so that evaluation can show what was learned "
            f"without it: give {' or '.join(allowed)}"
        )


def _check_sets(shares: Mapping[str, float], sets: SceneSets) -> None:
    for name, share in shares.items():
        check_trained_set(sets, name)
        if not 0.0 <= share <= 1.0:
            raise ConfigError(f"sets.{name} must be 0 to 1, a share of the episodes, got {share}")
    total = math.fsum(shares.values())
    if not math.isclose(total, 1.0, abs_tol=1e-6):
        raise ConfigError(f"sets: the shares must add up to 1, got {total:g}")
