# SPDX-License-Identifier: Apache-2.0
"""What the nodes that see, decide and judge say and hear: camera, policy, expert, bridge, episode and others."""

from __future__ import annotations

from vla_ros.data.bags import marks
from vla_ros.policies.families.changed_settings import changes_of
from vla_ros.policies.families.loading import check_policy
from vla_ros.policies.needs import Needs
from vla_ros.robots.embodiment import Embodiment
from vla_ros.robots.topics import external_wrench_topic
from vla_ros.security.interface import NodeInterface, interface, ros_node
from vla_ros.security.robot_side import Values, commanded_poses, state_topics

POLICY_CHUNK, PLANNER_CHUNK, TELEOP_CHUNK = "policy/action_chunk", "planner/action_chunk", "teleop/action_chunk"
SCENE = ["sim/scene", "sim/render_state"]
TRUTH = ["sim/scene", "sim/object_poses", "sim/fixture_joints", "sim/cloth_vertices"]


def camera(robot: Embodiment, values: Values) -> NodeInterface:
    """Return camera_node's, of simulated or real cameras."""
    topics = [topic for name in robot.cameras for topic in _camera_topics(robot, name)]
    own = ros_node("camera_node", managed=True)
    if values["source"] == "sim":
        return own | interface([*topics, "sim/drawn"], SCENE)
    moves = any(robot.camera(name).moves and robot.camera(name).calibrated for name in robot.cameras)
    return own | interface(topics, ["joint_states"] if moves else [])


def policy(robot: Embodiment, values: Values) -> NodeInterface:
    """Return policy_node's. Raises ConfigError for a policy whose needs are not known here."""
    name, checkpoint = str(values["policy"]), str(values["checkpoint"])
    needs = check_policy(name, robot, checkpoint, any_camera=True, changes=changes_of(values))
    reasons = ["policy/grasp_pose", "policy/grasp", *(f"policy/reasoning/{name}" for name in robot.cameras)]
    node = ros_node("policy_node", managed=True) | interface(
        [POLICY_CHUNK, "policy/detections", *reasons],
        ["control/progress", "instruction", *_seen(robot, needs), *state_topics(robot, needs)],
        sometimes=reasons,  # of a policy that says what it concluded
    )
    return node | (interface(["policy/failure_score"], ["estop"], ["policy/resume"]) if values["detector"] else node)


def expert(robot: Embodiment, values: Values) -> NodeInterface:
    """Return expert_node's."""
    told = ["control/progress", "control/transitions", "instruction", *state_topics(robot, Needs())]
    return ros_node("expert_node", managed=True) | interface([POLICY_CHUNK], [*SCENE, *told])


def planner(name: str, robot: Embodiment) -> NodeInterface:
    """Return what a node has that takes an arm as the planner: it enables control and sends chunks through its gate."""
    seeing = [name for name in robot.cameras if robot.camera(name).depth and robot.camera(name).calibrated]
    on_the_way_home = ["joint_states", *(topic for name in seeing for topic in _camera_topics(robot, name))]
    return ros_node(name) | interface(
        [PLANNER_CHUNK],
        ["control/progress", *on_the_way_home, *commanded_poses(robot)],
        calls=["control/enable"],
        sometimes=on_the_way_home,
    )


def replay(robot: Embodiment, values: Values) -> NodeInterface:
    """Return replay_node's."""
    return planner("replay_node", robot) | interface([POLICY_CHUNK], ["instruction"])


def episode(robot: Embodiment, values: Values) -> NodeInterface:
    """Return episode_node's."""
    images = [f"cameras/{name}/color/image_raw" for name in robot.cameras]
    lines = [f"policy/reasoning/{name}" for name in robot.cameras]
    base = ["odom"] if robot.base is not None else []
    seen = interface(["instruction", marks.TOPIC], [*TRUTH, *base, "diagnostics", *images, *lines])
    return planner("episode_node", robot) | seen


def instruction(robot: Embodiment, values: Values) -> NodeInterface:
    """Return instruction_node's."""
    heard = ["instruction", POLICY_CHUNK, "control/progress", "diagnostics"]
    return ros_node("instruction_node") | interface(["instruction"], heard, ["instruction/skip"])


def manager(robot: Embodiment, values: Values) -> NodeInterface:
    """Return lifecycle_manager_node's."""
    asked = [f"{name}/{what}" for name in values["nodes"] for what in ("change_state", "get_state")]
    return ros_node("lifecycle_manager_node") | interface(subscribes=["diagnostics"], calls=asked)


def bridge(robot: Embodiment, values: Values) -> NodeInterface:
    """Return vr_bridge_node's: a hand's chunks go through the gate of control as a policy's do."""
    images = [f"cameras/{name}/color/image_raw" for name in robot.cameras]
    tools = [f"{arm.name}/ee_pose" for arm in robot.arms] + [external_wrench_topic(arm.name) for arm in robot.arms]
    tools += [f"{gripper.name}/width" for gripper in robot.grippers]
    node = ros_node("vr_bridge_node", managed=True) | interface(
        [TELEOP_CHUNK, "estop", "instruction"],
        ["control/progress", "control/transitions", "instruction", POLICY_CHUNK, "policy/failure_score"],
        calls=["control/enable", "policy/resume"],
    )
    node |= interface(
        subscribes=[*tools, *commanded_poses(robot), *images, "joint_states", *(["odom"] if robot.base else [])],
        sometimes=[*images, "joint_states"],  # while somebody looks; where there is a lift, a head or a leader
    )
    if values["leader"]:
        node |= interface(subscribes=_leader(robot, values))
    if values["collection"]:
        asked = ["sim_node/set_parameters_atomically", "sim/reset"]
        node |= interface([marks.TOPIC], ["sim/scene", "diagnostics"], calls=asked)
    return node


def _leader(robot: Embodiment, values: Values) -> list[str]:
    from vla_ros.teleop.leader.config import load_leader
    from vla_ros.teleop.leader.mapping import LeaderMapping

    mapping = LeaderMapping(load_leader(str(values["leader_map"])), robot)
    return [f"{str(values['leader']).rstrip('/')}/{topic}" for topic in mapping.topics]


def _seen(robot: Embodiment, needs: Needs) -> list[str]:
    topics = []
    for need in needs.cameras:
        topic = f"cameras/{needs.cameras_of(robot)[need.name].name}"
        topics += [f"{topic}/color/image_raw"]
        topics += [f"{topic}/aligned_depth_to_color/image_raw"] if need.depth else []
        topics += [f"{topic}/color/camera_info", f"{topic}/pose"] if need.calibration else []
    return topics


def _camera_topics(robot: Embodiment, name: str) -> list[str]:
    one, topic = robot.camera(name), f"cameras/{name}"
    depth = [f"{topic}/aligned_depth_to_color/image_raw"] if one.depth else []
    return [
        f"{topic}/color/image_raw",
        *depth,
        *([f"{topic}/color/camera_info", f"{topic}/pose"] if one.calibrated else []),
    ]
