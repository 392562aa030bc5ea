# SPDX-License-Identifier: Apache-2.0
"""The graph of a simulated or real robot before its cameras, whatever moves it: a policy, an operator, a recording."""

from __future__ import annotations

from collections.abc import Mapping

from controllers.errors import ConfigError
from controllers.whole_body_config import CONFIGURED, WHOLE_BODY
from vla_ros.evaluation.reserved_seeds import reserved_seeds
from vla_ros.launching.arguments import LaunchArgument, Value
from vla_ros.launching.checks import check_grasp, check_success_object, check_view
from vla_ros.launching.graph import Argument, Given, NodeSpec
from vla_ros.launching.jobs.config import JobConfig
from vla_ros.launching.real_cameras import camera_source_argument, check_camera_source, real_camera_node
from vla_ros.launching.recording import check_recording, recorder_node, recording_arguments
from vla_ros.launching.restarting import (
    NO_JUDGE,
    NO_WORLD,
    as_before,
    control_again,
    failure_argument,
    guard_again,
    managed_again,
)
from vla_ros.launching.ros2_control import (
    HOLD,
    SIMULATED,
    SIMULATED_TIME,
    SIMULATOR_INTERFACE,
    UNSIMULATED,
    UPDATE_RATE,
    check_hardware,
    hardware_arguments,
    ros2_control_nodes,
)
from vla_ros.launching.security import security_argument
from vla_ros.robots.names import TABLE_AS_CONFIGURED
from vla_ros.seed_range import SEED_MAX
from vla_ros.tasks.table import TASKS, load_task

Parameters = dict[str, Given]
CATEGORIES = ("action", "grounding", "novel", "all")
STREAMS = ("evaluation", "generation")
UNLIMITED = 1000  # scenes of a job that goes on until it is stopped, which must not be reserved ones
WORDINGS = ("common", "unseen")


def same(*names: str) -> Parameters:
    """Give a node the launch arguments of the same names."""
    return {name: Argument(name) for name in names}


def judged_nodes(job: str, *movers: NodeSpec, managed: bool = True) -> tuple[NodeSpec, ...]:
    """Return the nodes of a job in which one of `movers` says how the robot moves: the one that starts.

    `managed`: they are brought up with the others, between cameras and control.
    """
    episode = NodeSpec(
        "episode",
        "episode_node",
        same(
            "robot",
            "task",
            "cameras",
            "camera_rate_hz",
            "set",
            "seed",
            "instruction",
            "success_object",
            "run_directory",
            "report",
            "time_limit_s",
            "attempts",
            "episodes",
            "record",
        )
        | {"use_sim_time": SIMULATED_TIME},
        decides=True,
        stops_first=True,
        when=SIMULATED,
        not_again=NO_JUDGE,
    )
    managers = [
        manager_node(
            "manager" if len(movers) == 1 else f"{mover.name}_manager",
            ("state_node", "camera_node", *((mover.executable,) if managed else ()), "control_node"),
            {**SIMULATED, **mover.when},
            mover.unless,
        )
        for mover in movers
    ]
    beside_hardware = [mover.executable for mover in movers if managed and "hardware" not in mover.when]
    managers.append(manager_node("arm_manager", ("state_node", *beside_hardware, "control_node"), UNSIMULATED))
    return robot_nodes(job, movers, tuple(managers), (episode,))


def manager_node(
    name: str,
    managed: tuple[str, ...],
    when: Mapping[str, tuple[str, ...]],
    unless: Mapping[str, tuple[str, ...]] | None = None,
) -> NodeSpec:
    """Return the process that brings up `managed` in their order, in jobs started with such arguments."""
    return NodeSpec(
        name,
        "lifecycle_manager_node",
        {"nodes": managed},
        ends=True,
        when=when,
        unless=unless or {},
        not_again="the graph was not up yet",
    )


def robot_nodes(
    job: str, movers: tuple[NodeSpec, ...], managers: tuple[NodeSpec, ...], judges: tuple[NodeSpec, ...] = ()
) -> tuple[NodeSpec, ...]:
    """Return the nodes of a job: robot and cameras, what moves the arm, who brings them up, who judges and looks on."""
    scene: Parameters = same(
        "robot", "task", "set", "seed", "stream", "categories", "objects", "wording", "target", "place"
    )
    simulated_time: Parameters = {"use_sim_time": SIMULATED_TIME}
    return (
        NodeSpec(
            "sim",
            "sim_node",
            scene
            | same("command", "camera_rate_hz", "command_delay_s", "command_jitter_s")
            | same("physics_rate_hz", "real_time_factor", "wait_for_cameras")
            | {"interface": SIMULATOR_INTERFACE, "state_rate_hz": UPDATE_RATE},
            when=SIMULATED,
            not_again=NO_WORLD,
        ),
        *ros2_control_nodes(),
        NodeSpec(
            "camera",
            "camera_node",
            scene | same("cameras") | simulated_time | {"source": "sim"},
            when=SIMULATED,
            again=managed_again,
        ),
        real_camera_node(),
        NodeSpec("state", "state_node", same("robot") | simulated_time, again=managed_again),
        *movers,
        NodeSpec(
            "control",
            "control_node",
            same("robot", "command", "speed_scale", "alignment", "shadow", "whole_body", "table_height")
            | simulated_time
            | {"hold": HOLD, "rate_hz": UPDATE_RATE},
            stops_first=True,
            again=control_again,
        ),
        *managers,
        NodeSpec(
            "tf",
            "tf_node",
            same("robot") | simulated_time,
            required=False,
            condition="tf",
            needs="tf2_msgs",
            again=as_before,
        ),
        NodeSpec(
            "guard",
            "guard_node",
            same("robot", "command") | simulated_time | {"hold": HOLD},
            again=guard_again,
            guards=("control",),
        ),
        *judges,
        NodeSpec(
            "view",
            "view_node",
            same("robot", "cameras", "run_directory") | {"port": Argument("view_port")},
            required=False,
            when={"view": ("foxglove",)},
            again=as_before,
        ),
        recorder_node(job),
    )


def check_judged(arguments: Mapping[str, Value]) -> None:
    """Raise ConfigError for arguments that cannot work."""
    check_hardware(arguments)
    if arguments["stream"] == "evaluation":
        seed = int(arguments["seed"])
        scenes = int(arguments["episodes"]) or UNLIMITED
        reserved_seeds().check_free_of(range(seed, seed + scenes), "seed:=")
    check_grasp(arguments)
    check_camera_source(arguments)
    check_success_object(arguments)
    _check_sentences(arguments)
    check_view(arguments)
    check_recording(arguments)


def _check_sentences(arguments: Mapping[str, Value]) -> None:
    """Raise ConfigError for sentences that cannot follow each other, or that the task's judge does not take."""
    from vla_ros.tasks.sentences import split_sentences

    text, task = str(arguments["instruction"]), str(arguments["task"])
    simulated = arguments["hardware"] in SIMULATED["hardware"]
    if not text or (simulated and arguments["success_object"]):  # where that is given, no judge reads the words
        return
    if len(split_sentences(text, "instruction:=")) > 1 and simulated and not load_task(task).takes_several:
        several = ", ".join(name for name in TASKS if load_task(name).takes_several)
        raise ConfigError(
            f"instruction:='{text}': the judge of task {task} takes one sentence: give one, or task:={several}"
        )


def judged_arguments(job: JobConfig, *movers_arguments: LaunchArgument) -> tuple[LaunchArgument, ...]:
    """Return the launch arguments of a job that is judged, those of what moves the arm among them."""
    return robot_arguments(
        job,
        *movers_arguments,
        LaunchArgument(
            "time_limit_s",
            0.0,
            "simulated time an episode may take [s]; 0: the task's",
            minimum=0.0,
            maximum=3600.0,
        ),
        LaunchArgument(
            "episodes",
            1,
            "episodes one after the other, each in the next scene (seed + 1); 0: until the job is stopped",
            minimum=0,
            maximum=10**6,
        ),
        LaunchArgument("attempts", 0, "how often the gripper may close; 0: the task's", minimum=0, maximum=100),
        LaunchArgument(
            "success_object",
            "",
            "object of the scene that counts as success, such as red_mug; empty: what the instruction means",
        ),
    )


def robot_arguments(job: JobConfig, *own: LaunchArgument) -> tuple[LaunchArgument, ...]:
    """Return the launch arguments of `robot_nodes`, with a job's own among them."""
    return (
        LaunchArgument(
            "instruction",
            "",
            "what to do, in words, several sentences with '; ' between them; empty: what the scene was made for",
        ),
        LaunchArgument(
            "wording", "common", "words of the scene's own instruction; unseen: not in training data", choices=WORDINGS
        ),
        LaunchArgument("robot", job.robot, "robot: a name of `vla robots list`, or the path of its .yaml file"),
        LaunchArgument("task", job.task, "what is to be done, and how it is judged", choices=tuple(TASKS)),
        LaunchArgument(
            "cameras", "", "that it is seen by: front,wrist; empty: those it usually has and a policy needs"
        ),
        *hardware_arguments(),
        camera_source_argument(),
        LaunchArgument(
            "command", "", "what drives the arm: effort, position or pose; empty: the first that the robot takes"
        ),
        LaunchArgument(
            "whole_body",
            CONFIGURED,
            "arms, lift, head and base by one programme; base_helps: the base drives where hands need it",
            choices=WHOLE_BODY,
        ),
        LaunchArgument(
            "table_height",
            TABLE_AS_CONFIGURED,
            "height above the robot's base of what it works on [m]: hands go no lower, arms keep off it; "
            "-10: as the robot's configuration says",
            minimum=TABLE_AS_CONFIGURED,
            maximum=3.0,
        ),
        *own,
        LaunchArgument("set", "basic", "kind of scene: `vla tasks show TASK` lists them"),
        LaunchArgument(
            "seed", 0, "number of the scene: the same number is the same scene", minimum=0, maximum=SEED_MAX
        ),
        LaunchArgument(
            "stream", "evaluation", "family of scenes: those of training share nothing with it", choices=STREAMS
        ),
        LaunchArgument("categories", "action", "object categories the scene draws from", choices=CATEGORIES),
        LaunchArgument("target", "", "what the scene asks for, such as red mug; empty: what the seed draws"),
        LaunchArgument("place", "", "where it stands: near, far, left, right, middle, or two of them; empty: anywhere"),
        LaunchArgument("objects", "", "folder of your own objects (docs/objects.md); empty: the built-in ones"),
        LaunchArgument(
            "speed_scale", 1.0, "speed of the arm, as a fraction of the policy's", minimum=0.05, maximum=1.0
        ),
        LaunchArgument(
            "alignment", "progress", "how a chunk is aligned when it arrives late", choices=("progress", "time")
        ),
        LaunchArgument("shadow", False, "infer, plan and show the commanded motion, and send nothing to the robot"),
        LaunchArgument("camera_rate_hz", 10.0, "rate of each camera [Hz]", minimum=1.0, maximum=60.0),
        LaunchArgument("physics_rate_hz", 1000.0, "physics steps a second", minimum=500.0, maximum=10000.0),
        LaunchArgument("command_delay_s", 0.0, "delay of commands to the arm [s]", minimum=0.0, maximum=0.1),
        LaunchArgument("command_jitter_s", 0.0, "random part of that delay [s]", minimum=0.0, maximum=0.1),
        LaunchArgument("real_time_factor", 1.0, "simulated seconds a second, at most", minimum=0.05, maximum=1.0),
        LaunchArgument(
            "wait_for_cameras", True, "a simulator that cannot draw in time slows down; false: it drops pictures"
        ),
        LaunchArgument("view", "none", "what to watch with (docs/viewer.md)", choices=("none", "foxglove")),
        LaunchArgument(
            "view_port", 8765, "TCP port Foxglove connects to, on this machine; 0: any", minimum=0, maximum=65535
        ),
        LaunchArgument(
            "tf", True, "publish /tf and /tf_static where ROS has tf2_msgs; false beside a robot_state_publisher"
        ),
        *recording_arguments(),
        failure_argument(),
        LaunchArgument("report", "", "file for the result as JSON; empty: only the one in the run folder"),
        LaunchArgument("run_directory", "", "folder for log, result and video; empty: runs/<time>_<job>"),
        LaunchArgument("namespace", "", "prefix of all names, for several robots on one machine; empty: none"),
        LaunchArgument(
            "discovery",
            "localhost",
            "who may see the nodes: this machine, or the subnet",
            choices=("localhost", "subnet"),
        ),
        LaunchArgument(
            "domain_id", -1, "ROS domain; -1: ROS_DOMAIN_ID, or one that nobody uses", minimum=-1, maximum=232
        ),
        security_argument(),
    )
