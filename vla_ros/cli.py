# SPDX-License-Identifier: Apache-2.0
"""The command line: `./vla …` from a clone, `vla-ros …` once installed.

Each command is a module with `add_arguments(parser)` and `run(arguments) -> int`, imported when it is requested.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from controllers.errors import VlaError, unknown_name


@dataclass(frozen=True)
class Command:
    """One word of the command line."""

    name: str
    module: str
    summary: str
    examples: tuple[str, ...]
    condition: Callable[[], bool] = lambda: True
    renders: bool = False  # it draws cameras in this process or its children

    @property
    def available(self) -> bool:
        """Tell whether this installation has it."""
        return importlib.util.find_spec(self.module) is not None and self.condition()


def _in_clone() -> bool:
    return (Path(__file__).resolve().parents[1] / "test").is_dir()


def _has_benchmarks() -> bool:
    from vla_ros.commands.bench import benchmark_names

    return bool(benchmark_names())


COMMANDS = (
    Command(
        "launch",
        "vla_ros.commands.launch",
        "run a job: exit code 0 when its task succeeded, 1 when not, 2 for bad input, 3 when nobody can tell",
        ('launch franka_grasp instruction:="pick up the red mug" seed:=3', "launch franka_grasp --show-args"),
    ),
    Command(
        "test",
        "vla_ros.commands.test",
        "run the tests, with pytest's arguments",
        ("test", "test --slow", "test test/commands/test_cli.py -k help"),
        _in_clone,
    ),
    Command(
        "doctor",
        "vla_ros.commands.doctor.command",
        "say what is missing on this machine and what to do",
        ("doctor", "doctor --json"),
    ),
    Command(
        "eval",
        "vla_ros.commands.evaluation.command",
        "run a policy over many scenes, with statistics",
        (
            "eval --policy geometric --set basic --episodes 20 --seed 0 --json result.json",
            "eval --graph --episodes 20 --json graph.json --compare result.json",
            "eval --test --checkpoint checkpoints/mine --workers 2",
        ),
        renders=True,
    ),
    Command(
        "compare",
        "vla_ros.commands.evaluation.compare",
        "say which of two evaluated policies is better, however often one looks",
        (
            "compare mine.json shipped.json",
            "compare mine.json shipped.json --plot evidence.png --json verdict.json",
            "compare --plan --points 5 --rate 0.8",
        ),
    ),
    Command(
        "trial",
        "vla_ros.commands.evaluation.trial.command",
        "compare two policies blind: a person judges and does not know which is driving",
        (
            "trial trials/mine --a policy:=graspvla --b checkpoint:=checkpoints/mine --episodes 40",
            "trial trials/mine",
            "trial trials/real --a policy:=graspvla --b policy:=geometric hardware:=real objects:=my_objects",
        ),
    ),
    Command(
        "detect",
        "vla_ros.commands.detect",
        "learn from a policy's features when it fails, and measure that on other tasks",
        (
            "detect train rollouts --hold-out set=relation --output detectors/mine",
            "detect evaluate detectors/mine rollouts --plot scores.png --json figures.json",
        ),
    ),
    Command(
        "bench",
        "vla_ros.commands.bench",
        "measure this machine",
        ("bench control --json figures.json",),
        _has_benchmarks,
    ),
    Command(
        "robots",
        "vla_ros.commands.robots.command",
        "list, show or check robots, write their ros2_control files",
        (
            "robots check franka --json franka.json",
            "robots show franka --picture franka.png",
            "robots ros2_control franka --output .",
        ),
    ),
    Command(
        "tools",
        "vla_ros.commands.tools.command",
        "list or show end-of-arm tools: suction cups and fingers that robots carry",
        ("tools list", "tools show hybrid drawn_17 --picture tools.png", "robots show ur5e+hybrid"),
    ),
    Command("tasks", "vla_ros.commands.tasks", "list or show tasks", ("tasks list", "tasks show grasping")),
    Command(
        "policies",
        "vla_ros.commands.policies",
        "list the policy families, or show what one needs",
        ("policies list", "policies show graspvla", "policies show my_policy.py:Mine --robot franka"),
    ),
    Command(
        "policy",
        "vla_ros.commands.policy",
        "check a dataset against a policy's contract, or take in weights that others released",
        (
            "policy check franka_grasp datasets/mugs",
            "policy check my_task.yaml datasets/foreign --statistics checkpoints/mine --json found.json",
            "policy import downloads/GraspVLA checkpoints/graspvla --llm downloads/internlm2-1_8b",
        ),
    ),
    Command(
        "secure",
        "vla_ros.commands.secure",
        "make or check keys and permissions, by which nodes of a full ROS 2 keep strangers out",
        ("secure ~/keys --job franka_grasp", "secure ~/keys --job franka_grasp --check"),
    ),
    Command(
        "lerobot",
        "vla_ros.commands.lerobot",
        "run a command of LeRobot's on a robot of this stack: teleoperate, record, rollout",
        (
            "lerobot teleoperate --robot.type=vla_ros --robot.contract=franka_grasp_lerobot --teleop.type=vla_ros "
            "--teleop.contract=franka_grasp_lerobot --teleop.leader=/leader --fps=10",
            "lerobot rollout --robot.type=vla_ros --robot.contract=franka_grasp_lerobot --policy.path=pretrained_model",
        ),
    ),
    Command(
        "serve",
        "vla_ros.commands.serve",
        "serve a policy to robots that ask for it over a network, as openpi does",
        ("serve geometric", "serve checkpoints/mine --robot franka --host all --token-file ~/policy_token"),
    ),
    Command("objects", "vla_ros.commands.objects.command", "check or list objects", ("objects check my_objects",)),
    Command(
        "identify",
        "vla_ros.commands.identify.command",
        "measure an arm's joint friction and payload",
        (
            "identify record arm.npz --simulate --payload 0.8 0.02 -0.03 0.06",
            "identify fit arm.npz --yaml arm.yaml --picture arm.png --json arm.json",
        ),
    ),
    Command(
        "calibrate",
        "vla_ros.commands.calibrate.command",
        "find a camera's optics and pose, and the table's height; say whether it has moved",
        (
            "calibrate board --output board.pdf",
            "calibrate camera pictures/ --camera front --square 37.9",
            "calibrate hand-eye bags/views --camera wrist --robot franka --square 37.9",
        ),
    ),
    Command(
        "record",
        "vla_ros.commands.data.record",
        "record the running job into a bag",
        ("record bags/mug", "record bags/mug --images h264 --preroll 2", "record --topics '/joint_states' '*/color/*'"),
    ),
    Command(
        "bag",
        "vla_ros.commands.data.bag",
        "say what is in a bag, judge, repair or cut it",
        ("bag info bags/mug", "bag check bags/mug bags/cup --report all.html", "bag cut bags/mug bags/first --end 12"),
    ),
    Command(
        "convert",
        "vla_ros.commands.data.convert",
        "make a LeRobotDataset of bags, or a bag of an episode",
        (
            "convert bags/ datasets/mugs --contract franka_grasp",
            'convert bags/mug1 bags/mug2 datasets/mugs --contract my_task.yaml --task "pick up the mug" --workers 4',
            "convert datasets/mugs bags/again --episode 3",
        ),
    ),
    Command(
        "replay",
        "vla_ros.commands.data.replay",
        "execute a recorded episode again, in the simulator or with the running arm",
        ("replay bags/mug", "replay datasets/mugs --episode 3 --set basic --seed 3", "replay bags/mug --running"),
        renders=True,
    ),
    Command(
        "dataset",
        "vla_ros.commands.data.dataset",
        "look at a LeRobotDataset, check, merge or split it",
        ("dataset info datasets/mugs", "dataset check datasets/mugs --deep", "dataset merge datasets/all parts/"),
    ),
    Command(
        "generate",
        "vla_ros.commands.learning.generate",
        "make demonstrations in the simulator, as LeRobotDatasets",
        (
            "generate datasets/grasps --episodes 1000",
            "generate datasets/grasps --episodes 30000 --grounding 10000 --json figures.json",
            "generate /shared/grasps --episodes 1000000 --ray auto",
        ),
        renders=True,
    ),
    Command(
        "train",
        "vla_ros.commands.learning.train",
        "train a policy, or what policies begin from, to a checkpoint",
        (
            "train config/train/graspvla_small.yaml --output checkpoints/mine",
            "train graspvla_small --data datasets/grasps --output checkpoints/mine",
            "train graspvla_small --generate 60:240 --output checkpoints/mine --threads 4 --json figures.json",
        ),
    ),
    Command(
        "finetune",
        "vla_ros.commands.learning.finetune",
        "go on with a checkpoint on demonstrations of a task, or on boxes alone",
        (
            "finetune checkpoints/graspvla_small datasets/elbows --output checkpoints/elbows",
            "finetune checkpoints/graspvla_small datasets/elbows --output checkpoints/elbows --evaluate --objects bits",
            "finetune checkpoints/graspvla_small datasets/boxes --output checkpoints/elbows --boxes-only",
        ),
    ),
    Command(
        "teleop",
        "vla_ros.commands.teleop",
        "move a robot from a headset, a gamepad or a keyboard",
        ("teleop", "teleop --network seed:=3", "teleop policy:=graspvla record:=bags/corrections"),
        renders=True,
    ),
    Command(
        "demonstrate",
        "vla_ros.commands.demonstrate",
        "have a scripted operator do what a running collection asks for",
        ("demonstrate --episodes 50", "demonstrate http://localhost:8444/ --episodes 5 --seed 3"),
    ),
    Command(
        "hands",
        "vla_ros.commands.data.hands",
        "record a person's own hands through a headset, without a robot",
        (
            'hands --instruction "pick up the red mug"',
            "hands demonstrations/mugs --host all --hand left",
            "hands demonstrations/mugs --host all --floor=-0.1,0,-0.72 --intrinsics 610,610,639.5,479.5",
        ),
    ),
    Command("stop", "vla_ros.commands.robot.stop", "stop the arm of the running job and hold it", ("stop",)),
    Command("enable", "vla_ros.commands.robot.enable", "let the running job's arm move", ("enable", "enable --off")),
    Command("recover", "vla_ros.commands.robot.recover", "let a stopped arm move again", ("recover",)),
    Command("home", "vla_ros.commands.robot.home", "take the arm of the running job home", ("home",)),
)


class _Parser(argparse.ArgumentParser):
    """An argparse parser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        print(f"{self.prog}: {message}; see `{self.prog} --help`", file=sys.stderr)
        raise SystemExit(2)


def program() -> str:
    """Return the name this tool was called by, for help and errors."""
    return "vla-ros" if os.path.basename(sys.argv[0]) == "vla-ros" else "vla"


def available_commands() -> dict[str, Command]:
    """Return the commands that work in this installation."""
    return {command.name: command for command in COMMANDS if command.available}


def _overview(commands: dict[str, Command]) -> str:
    width = max(len(name) for name in commands)
    lines = [
        f"usage: {program()} COMMAND [arguments]",
        "",
        "Vision-language-action policies on ROS 2, from camera images to a moving arm.",
        "",
        *(f"  {name:<{width}}  {command.summary}" for name, command in commands.items()),
        "",
        f"`{program()} COMMAND --help` says more. Example: {program()} launch franka_grasp",
    ]
    return "\n".join(lines)


def _dispatch(words: Sequence[str], begin: Callable[[], None]) -> int:
    commands = available_commands()
    if not words or words[0] in ("-h", "--help", "help"):
        print(_overview(commands))
        return 0 if words else 2
    if words[0] == "--version":
        from vla_ros import __version__

        print(f"vla_ros {__version__}")
        return 0
    if words[0] not in commands:
        raise VlaError(unknown_name("command", words[0], commands))
    command = commands[words[0]]
    module = importlib.import_module(command.module)
    parser = _Parser(
        prog=f"{program()} {command.name}",
        description=(module.__doc__ or command.summary).strip(),
        epilog="\n".join(["examples:", *(f"  {program()} {example}" for example in command.examples)]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    module.add_arguments(parser)
    rest = list(words[1:])
    if getattr(module, "PASSES_ARGUMENTS_ON", False) and rest not in (["-h"], ["--help"]):
        begin()
        return module.run(argparse.Namespace(words=rest))  # another tool, such as pytest, makes sense of them
    has_subcommands = any(isinstance(action, argparse._SubParsersAction) for action in parser._actions)
    # Words and options may be mixed (`launch franka_grasp --show-args seed:=3`), but not around a subcommand.
    arguments = parser.parse_args(rest) if has_subcommands else parser.parse_intermixed_args(rest)
    if command.renders:
        from vla_ros.launching.egl import require_egl

        require_egl()
    begin()
    return module.run(arguments)


def main(words: Sequence[str] | None = None, begin: Callable[[], None] = lambda: None) -> int:
    """Run one command and return the exit code; an error a user can act on is one line and code 2.

    `begin` is called when all is imported and understood, right before the command does anything.
    """
    try:
        return _dispatch(sys.argv[1:] if words is None else words, begin)
    except VlaError as error:
        print(f"{program()}: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # `vla … | head`: nobody reads any more. Python would complain once more while it exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


if __name__ == "__main__":
    raise SystemExit(main())
