# SPDX-License-Identifier: Apache-2.0
"""Execute a recorded episode again: in the simulator, in its own scene, or with the arm of a job that runs.

The motion goes through the same control and the same gate as a policy's. The arm must stand where the recording
begins. Exit code: 0 executed (in the simulator: and the task succeeded), 1 not, 2 bad input, 3 executed, but the judge
does not understand the recorded instruction (success_object:=NAME says what counts).
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path

from controllers.errors import ConfigError
from vla_ros.robots.names import DEFAULT_ROBOT

START_TOLERANCE = 0.1  # [rad]
ALSO_CHOSEN = ("stream", "categories", "objects", "wording", "target", "place")  # what else makes a scene
FOR_RUNNING = ("--episode", "--contract", "--robot", "--speed", "--start-tolerance")  # what --running heeds


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("source", metavar="BAG|DATASET", help="what was recorded, or converted from it")
    parser.add_argument(
        "assignments", nargs="*", default=[], metavar="name:=value", help="further arguments of the job replay"
    )
    parser.add_argument("--episode", type=int, default=0, metavar="N", help="number of the episode (default 0)")
    parser.add_argument("--contract", default="", help="contract of a dataset that does not say its own")
    parser.add_argument("--robot", default=DEFAULT_ROBOT, help="robot; config/robots")
    parser.add_argument("--speed", type=float, default=1.0, help="share of the recorded speed, 0.05 to 1 (default 1)")
    parser.add_argument("--running", action="store_true", help="use the arm of the job that runs on this machine")
    parser.add_argument("--start-tolerance", type=float, metavar="RAD",
                        help=f"with --running: how far off a joint may be (default {START_TOLERANCE:g})")  # fmt: skip
    parser.add_argument("--set", dest="set_name", help="scene's set, where the recording does not say it")
    parser.add_argument("--seed", type=int, help="scene's number, where the recording does not say it")


def run(arguments: argparse.Namespace) -> int:
    """Replay."""
    from vla_ros.data.replay.reading import read_motion
    from vla_ros.policies.contract import load_contract
    from vla_ros.robots.embodiment import load_embodiment

    _refuse_without_effect(arguments)
    source = Path(arguments.source)
    if not source.exists():
        raise ConfigError(f"{source}: no such bag or dataset")
    if not 0.05 <= arguments.speed <= 1.0:
        raise ConfigError(f"--speed must be 0.05 to 1, got {arguments.speed:g}")
    contract = load_contract(arguments.contract) if arguments.contract else None
    motion = read_motion(source, arguments.episode, load_embodiment(arguments.robot), contract)
    if arguments.running:
        return _beside(arguments, source)
    words = _scene_words(arguments, motion.scene, source)
    values = {
        "source": str(source.resolve()), "episode": arguments.episode, "contract": arguments.contract,
        "robot": arguments.robot, "speed": arguments.speed,
    }  # fmt: skip
    from vla_ros.commands.doctor.ros import refuse_mixture
    from vla_ros.launching.jobs import load_job
    from vla_ros.launching.launcher import launch

    refuse_mixture()
    given = [f"{name}:={value}" for name, value in values.items() if value != ""]
    if motion.instruction:
        given.append(f"instruction:={motion.instruction}")
    return launch(load_job("replay"), [*given, *words, *arguments.assignments])


def _refuse_without_effect(arguments: argparse.Namespace) -> None:
    """Refuse what would be ignored: a speed that is not taken moves a real arm faster than its user meant."""
    if not arguments.running:
        if arguments.start_tolerance is not None:
            raise ConfigError("--start-tolerance is for the arm of a job that runs: give --running, or leave it out")
        return
    for word in arguments.assignments:
        name, _, value = word.partition(":=")
        option = f"--{name.replace('_', '-')}"
        remedy = f"give {option} {value}" if option in FOR_RUNNING and value else "leave it out"
        raise ConfigError(f"{word}: --running starts no job that could take it: {remedy}")
    for option, value in (("--set", arguments.set_name), ("--seed", arguments.seed)):
        if value is not None:
            raise ConfigError(f"{option} {value}: --running takes the scene before the arm: leave it out")


def _scene_words(arguments: argparse.Namespace, scene: Mapping[str, object], source: Path) -> list[str]:
    """Return the launch arguments of the scene. Raises ConfigError when neither recording nor user says which."""
    set_name = arguments.set_name if arguments.set_name is not None else scene.get("set")
    seed = arguments.seed if arguments.seed is not None else scene.get("seed")
    if set_name is None or seed is None:
        raise ConfigError(
            f"{source}: does not say in which scene it was recorded: give --set and --seed, or --running for a robot"
        )
    choice = scene.get("choice")
    known: Mapping[str, object] = choice if isinstance(choice, Mapping) else scene
    also = [f"{name}:={known[name]}" for name in ALSO_CHOSEN if known.get(name) and isinstance(known[name], str)]
    return [f"set:={set_name}", f"seed:={seed}", *also]


def _beside(arguments: argparse.Namespace, source: Path) -> int:
    """Run replay_node in the graph that runs here."""
    import tempfile

    from vla_ros.commands.robot.operate import run_beside, targets
    from vla_ros.launching.parameters import write_parameters

    graphs = targets()
    if len(graphs) > 1:
        raise ConfigError("several jobs run on this machine: stop all but the one whose arm is meant")
    tolerance = START_TOLERANCE if arguments.start_tolerance is None else arguments.start_tolerance
    values = {
        "source": str(source.resolve()), "episode": arguments.episode, "contract": arguments.contract,
        "robot": arguments.robot, "speed": arguments.speed, "start_tolerance": tolerance,
        "in_charge": True,
    }  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "replay.yaml"
        write_parameters(file, values)
        return run_beside(graphs[0], "vla_ros.nodes.replay_node", file)
