# SPDX-License-Identifier: Apache-2.0
"""What an evaluation in LIBERO is asked to do. Episode k of a suite is task k mod T from its initial state k div T."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from controllers.errors import ConfigError
from vla_ros.benchmarks.libero.suites import LiberoTask, asked
from vla_ros.policies.families.table import DEFAULT_POLICY

STATES = 50  # initial states that every task of LIBERO has
ROBOT = "franka"
RATE_HZ = 500.0  # LIBERO's own step of physics


@dataclass(frozen=True)
class LiberoSettings:
    """What its episodes share, and which they are."""

    suite: str = "libero_object"
    policy: str = DEFAULT_POLICY
    checkpoint: str = ""
    objects: str | None = None  # folder of objects that the policy knows; None: the built-in ones
    setting: str = ""  # changes to the policy's settings, such as rules.rise=false
    seed: int = 0  # first episode
    episodes: int = 20
    workers: int = 1
    video: str | None = None

    def check(self) -> None:
        """Raise ConfigError for what cannot be run, before any work begins."""
        from vla_ros.policies.families.loading import check_policy, loaded, specified
        from vla_ros.robots.embodiment import load_embodiment

        last = len(self.tasks) * STATES
        if self.seed < 0 or self.episodes < 1 or self.seed + self.episodes > last:
            raise ConfigError(
                f"--seed {self.seed} --episodes {self.episodes}: {self.suite} has episodes 0 to {last - 1}, "
                f"{len(self.tasks)} tasks from {STATES} initial states each"
            )
        if not 1 <= self.workers <= 64:
            raise ConfigError(f"--workers must be 1 to 64, got {self.workers}")
        robot = load_embodiment(ROBOT)
        check_policy(self.policy, robot, self.checkpoint, True, self.setting)
        family = specified(self.policy, robot, self.objects, self.checkpoint, self.setting)
        if family.learned:
            loaded(family)

    @cached_property
    def tasks(self) -> tuple[LiberoTask, ...]:
        """Return the suite's tasks that are asked."""
        return asked(self.suite)

    @property
    def seeds(self) -> list[int]:
        """Return the episodes, those of one task after the other: loading a task takes seconds."""
        return sorted(range(self.seed, self.seed + self.episodes), key=lambda k: (k % len(self.tasks), k))

    def episode(self, number: int) -> tuple[LiberoTask, int]:
        """Return an episode's task and initial state."""
        state, task = divmod(number, len(self.tasks))
        return self.tasks[task], state
