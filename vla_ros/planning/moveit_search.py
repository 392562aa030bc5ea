# SPDX-License-Identifier: Apache-2.0
"""MoveIt's planning pipelines through moveit_py, where ROS brings it, in the place of our own search.

Goals, motion and the last look stay ours, so that a plan means the same whichever library searched. MoveIt needs
the robot's configuration as parameters of its node (docs/planning.md); the planning group is named like the arm.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from controllers.errors import ConfigError
from controllers.rotations import from_matrix
from vla_ros.planning.collision import CollisionChecker
from vla_ros.planning.problem import PlanningProblem
from vla_ros.planning.scene import HeldObject, Obstacle
from vla_ros.planning.shapes import Box, ConvexHull, Cylinder, Sphere
from vla_ros.robots.groups import ArmGroup
from vla_ros.robots.moveit.parameters import NODE
from vla_ros.robots.moveit.semantics import ALL_ARMS


class MoveItSearch:
    """Ask MoveIt for a path to the nearest goal that it can reach."""

    name = "moveit"

    def __init__(self, base_frame: str, arms: Sequence[ArmGroup]) -> None:
        """Start MoveIt. Raises ConfigError when it finds no configuration, or no group of the arm's name, or `arms`."""
        from moveit.planning import MoveItPy, PlanRequestParameters

        group = arms[0].name if len(arms) == 1 else ALL_ARMS
        try:
            self._moveit = MoveItPy(node_name=NODE)
            self._component = self._moveit.get_planning_component(group)
            self._parameters = PlanRequestParameters(self._moveit, "")
        except RuntimeError as error:
            reason = str(error).splitlines()[0] if str(error) else "no reason given"
            raise ConfigError(
                f"MoveIt does not start: {reason}; give node '{NODE}' a robot_description, its semantics with group "
                f"'{group}' and a planning pipeline, or choose backend ompl"
            ) from error
        self._base_frame, self._arms = base_frame, tuple(arms)
        self._joints = [joint for arm in arms for joint in arm.joints]

    def find_path(
        self,
        problem: PlanningProblem,
        checker: CollisionChecker,
        goals: Sequence[np.ndarray],
        seed: int,
        budget_s: float,
        step: float,
    ) -> np.ndarray | None:
        """Return the way points (W, N) [rad] of MoveIt's trajectory, or None.

        MoveIt has no seed and no step to give; what it overlooks is seen in the last look at the motion.
        """
        scene = self._planning_scene(problem, checker)
        parameters = self._parameters
        parameters.planning_attempts, parameters.planning_time = 1, max(budget_s / len(goals), 0.05)
        self._component.set_start_state(robot_state=self._state(problem.start))
        for q in goals:
            self._component.set_goal_state(robot_state=self._state(q))
            response = self._component.plan(single_plan_parameters=parameters, planning_scene=scene)
            if response:
                return self._way_points(response.trajectory, problem.start, q)
        return None

    def _state(self, q: np.ndarray) -> Any:
        from moveit.core.robot_state import RobotState

        state = RobotState(self._moveit.get_robot_model())
        state.set_to_default_values()
        ends = np.cumsum([len(arm.joints) for arm in self._arms])
        for arm, part in zip(self._arms, np.split(np.asarray(q, dtype=float), ends[:-1]), strict=True):
            state.set_joint_group_positions(arm.name, part)
        state.update()
        return state

    def _planning_scene(self, problem: PlanningProblem, checker: CollisionChecker) -> Any:
        from moveit.core.planning_scene import PlanningScene
        from moveit_msgs.msg import AttachedCollisionObject

        scene = PlanningScene(self._moveit.get_robot_model())
        scene.current_state = self._state(problem.start)
        for item in problem.scene.obstacles:
            message = _object(item, item.T_base_obstacle, self._base_frame)
            scene.apply_collision_object(message)
        for held in problem.scene.held:
            tool_frame = next(arm.tool_frame for arm in self._arms if held.arm in ("", arm.name))
            message = _object(held, held.T_tool_object, tool_frame)
            attached = AttachedCollisionObject(link_name=tool_frame, object=message)
            attached.touch_links = [tool_frame, *checker.hand_links(held.arm)]
            scene.process_attached_collision_object(attached)
        return scene

    def _way_points(self, trajectory: Any, start: np.ndarray, goal: np.ndarray) -> np.ndarray:
        message = trajectory.get_robot_trajectory_msg().joint_trajectory
        columns = [list(message.joint_names).index(joint) for joint in self._joints]
        middle = [np.array(point.positions)[columns] for point in message.points[1:-1]]
        return np.array([start, *middle, goal])


def _object(item: Obstacle | HeldObject, T_frame_object: np.ndarray, frame: str) -> Any:
    """Return a moveit_msgs/CollisionObject."""
    from geometry_msgs.msg import Point, Pose
    from moveit_msgs.msg import CollisionObject
    from shape_msgs.msg import Mesh, MeshTriangle, SolidPrimitive

    pose = Pose()
    pose.position.x, pose.position.y, pose.position.z = (float(value) for value in T_frame_object[:3, 3])
    quaternion = pose.orientation
    quaternion.x, quaternion.y, quaternion.z, quaternion.w = (float(v) for v in from_matrix(T_frame_object[:3, :3]))
    message = CollisionObject(id=item.name, operation=CollisionObject.ADD, pose=pose)
    message.header.frame_id = frame
    shape = item.shape
    if isinstance(shape, ConvexHull):
        from scipy.spatial import ConvexHull as Faces

        corners = [Point(x=x, y=y, z=z) for x, y, z in shape.points.tolist()]
        faces = [MeshTriangle(vertex_indices=face) for face in Faces(shape.points).simplices.astype(np.uint32)]
        message.meshes, message.mesh_poses = [Mesh(triangles=faces, vertices=corners)], [Pose()]
        return message
    kinds: dict[type, tuple[int, tuple[float, ...]]] = {
        Box: (SolidPrimitive.BOX, getattr(shape, "size", ())),
        Sphere: (SolidPrimitive.SPHERE, (getattr(shape, "radius", 0.0),)),
        Cylinder: (SolidPrimitive.CYLINDER, (getattr(shape, "length", 0.0), getattr(shape, "radius", 0.0))),
    }
    kind, dimensions = kinds[type(shape)]
    message.primitives = [SolidPrimitive(type=kind, dimensions=list(dimensions))]
    message.primitive_poses = [Pose()]
    return message
