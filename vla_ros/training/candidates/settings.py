# SPDX-License-Identifier: Apache-2.0
"""What is made: config/candidates/*.yaml. Light to import: a parent process needs no simulator."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from controllers.errors import ConfigError, unknown_name
from vla_ros.configuration import config_path, load_config
from vla_ros.policies.gam.perception.still_frames import FRAMES
from vla_ros.robots.embodiment import robot_names
from vla_ros.robots.tools.description import CAGE, PINCH, SUCTION
from vla_ros.robots.tools.generator import PREFIX, SEED_MAX, held_back
from vla_ros.robots.tools.named import load_tool
from vla_ros.seed_range import check_seed
from vla_ros.sim.scenes.request import SceneRequest
from vla_ros.sim.scenes.sets import check_trained_set, load_sets
from vla_ros.tasks.bins.contents import TASK

COUNT_MAX = 10_000_000
STREAM = "generation"
_LIMITS = (
    ("scenes", 1, COUNT_MAX),
    ("candidates", 1, 100_000),
    ("drawn", 0, 100),
    ("placements", 1, 10_000),
    ("frames", 1, 100),
)


@dataclass(frozen=True)
class Placing:
    """How a tool's picks are put down."""

    mode: str  # by which they take
    picks: int
    each: int  # placements of a pick


@dataclass(frozen=True)
class CandidateSettings:
    """What all scenes share, and how many there are to be. Raises ConfigError for what cannot be made."""

    robot: str = "franka+seven_piston"
    sets: dict[str, float] = field(default_factory=lambda: {"basic": 0.7, "light": 0.3})
    tools: dict[str, tuple[str, ...]] = field(
        default_factory=lambda: {
            "seven_piston": ("suction",),
            "hybrid": ("suction", "pinch", "cage"),
            "parallel": ("pinch",),
        }
    )
    drawn: int = 2  # further tools of the generator in each scene, of those that are not held back
    modes: tuple[str, ...] = (SUCTION, PINCH, CAGE)  # of these tools, those that they know
    candidates: int = 700  # of each tool in each mode in each scene
    frames: int = FRAMES  # that a look at a scene is the mean of
    measured: float = 0.3  # share that analysis proposes from what is measured
    proposed: float = 0.0  # share that the actor of `checkpoint` proposes, in the modes that it has learned
    checkpoint: str = ""  # folder of weights of policy gam
    places: dict[str, int] = field(default_factory=lambda: {"seven_piston": 8, "hybrid": 8})  # picks put down
    placements: int = 200  # of each of these picks
    scenes: int = 300
    seed: int = 0  # of the first scene

    def __post_init__(self) -> None:
        for name, low, high in _LIMITS:
            if not low <= getattr(self, name) <= high:
                raise ConfigError(f"{name} must be {low} to {high}, got {getattr(self, name)}")
        for name in ("measured", "proposed"):
            if not 0.0 <= getattr(self, name) < 1.0:
                raise ConfigError(f"{name} must be 0 or more and below 1, got {getattr(self, name)}")
        if self.measured + self.proposed >= 1.0:
            raise ConfigError(f"measured and proposed must be below 1 together, got {self.measured} + {self.proposed}")
        if bool(self.checkpoint) != (self.proposed > 0.0):
            raise ConfigError(
                f"checkpoint is '{self.checkpoint}' and proposed, the share that it proposes, {self.proposed}: "
                "give both or neither"
            )
        check_seed(self.seed, "seed")
        if not self.tools and not self.drawn:
            raise ConfigError("tools is empty and drawn is 0: name a tool")
        for name, modes in self.tools.items():
            if Path(name).suffix or Path(name).name != name:
                raise ConfigError(
                    f"tools: '{name}' is a path, and files are named after tools: put it into config/tools"
                )
            known = load_tool(name).modes
            for mode in modes:
                if mode not in known:
                    raise ConfigError(f"tool '{name}': {unknown_name('mode', mode, known)}")
        for mode in self.modes:
            if mode not in (SUCTION, PINCH, CAGE):
                raise ConfigError(unknown_name("mode", mode, (SUCTION, PINCH, CAGE)))
        for name, count in self.places.items():
            load_tool(name)
            if not 1 <= count <= 1000:
                raise ConfigError(f"places of tool '{name}' must be 1 to 1000 picks, got {count}: or leave it out")
        for name in self.sets:
            check_trained_set(load_sets(TASK), name)
        shares = list(self.sets.values())
        if not all(0.0 <= share < math.inf for share in shares) or sum(shares) <= 0.0:
            raise ConfigError(f"sets: shares must be 0 or more and not all 0, got {self.sets}")
        if self.robot.split("+")[0] not in robot_names():
            raise ConfigError(unknown_name("robot", self.robot.split("+")[0], robot_names()))

    @property
    def seeds(self) -> range:
        """Return the seed of each scene."""
        return range(self.seed, self.seed + self.scenes)

    def request(self, seed: int) -> SceneRequest:
        """Return what the scene of a seed is drawn from."""
        names = list(self.sets)
        shares = np.array([self.sets[name] for name in names])
        chosen = str(np.random.default_rng((seed, 1)).choice(names, p=shares / shares.sum()))
        return SceneRequest(chosen, seed, STREAM, robot=self.robot)

    def tools_of(self, seed: int) -> dict[str, tuple[str, ...]]:
        """Return the tools of the scene of a seed, and in which modes each."""
        rng = np.random.default_rng((seed, 2))
        further = (drawn_tool(rng) for _ in range(self.drawn))
        modes = {name: tuple(mode for mode in load_tool(name).modes if mode in self.modes) for name in further}
        return {**self.tools, **{name: known for name, known in modes.items() if known}}

    def places_of(self, seed: int) -> dict[str, Placing]:
        """Return what is put down in the scene of a seed, by the tool: of those that are in it."""
        tools = self.tools_of(seed)
        return {
            name: Placing(tools[name][0], count, self.placements)
            for name, count in self.places.items()
            if tools.get(name)
        }


def drawn_tool(rng: np.random.Generator) -> str:
    """Return the name of one of the generator's tools, none of those that are held back."""
    while held_back(seed := int(rng.integers(SEED_MAX))):
        pass
    return f"{PREFIX}{seed}"


def load_candidate_settings(name: str) -> CandidateSettings:
    """Read settings by their name, or by the path of a .yaml file. Raises ConfigError with the nearest name or key."""
    return load_config(config_path("candidates", "settings", name), CandidateSettings)
