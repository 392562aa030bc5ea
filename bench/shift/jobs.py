# SPDX-License-Identifier: Apache-2.0
"""The jobs of a shift: what is launched, on which robot, and which of its nodes may be killed."""

from __future__ import annotations

from dataclasses import dataclass

from vla_ros.launching.arguments import parse_assignments
from vla_ros.launching.graph import NodeSpec
from vla_ros.launching.jobs import load_job


@dataclass(frozen=True)
class ShiftJob:
    """One kind of work."""

    job: str  # of `vla launch`
    robot: str
    words: tuple[str, ...]

    def nodes(self) -> tuple[NodeSpec, ...]:
        """Return the nodes that go on for the whole job."""
        graph = load_job(self.job)
        arguments = parse_assignments((*self.words, "record:=bag"), graph.arguments)
        return tuple(node for node in graph.active_nodes(arguments) if not node.ends or node.name == "recorder")

    def killable(self) -> tuple[str, ...]:
        """Name the nodes that are started again when they die."""
        return tuple(node.name for node in self.nodes() if node.again is not None)


GOES_ON = ("episodes:=0", "on_failure:=restart", "record_episodes:=true", "record_images:=jpeg")
JOBS = {
    # Objects of a dense heap, named one after the other: six things a scene, the next scene after each grasp.
    "bin_picking": ShiftJob(
        "franka_grasp", "franka", ("policy:=geometric", "set:=dense", "stream:=generation", *GOES_ON)
    ),
    "bussing": ShiftJob("bytemini_bussing", "bytemini", ("stream:=generation", *GOES_ON)),
}
