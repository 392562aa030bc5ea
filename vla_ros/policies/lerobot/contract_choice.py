# SPDX-License-Identifier: Apache-2.0
"""Which data contract says what a LeRobot checkpoint's numbers mean: the one named, or the only one that fits."""

from __future__ import annotations

from pathlib import Path

from controllers.errors import ConfigError, unknown_name
from vla_ros.documents import DocumentError
from vla_ros.policies.actions.encoding import ActionEncoding
from vla_ros.policies.contract import DataContract, contract_from_text, contract_names, load_contract
from vla_ros.policies.lerobot.checkpoint import LeRobotCheckpoint
from vla_ros.robots.embodiment import Embodiment

DATASET_CONTRACT = Path("meta") / "contract.json"  # of a dataset that this project made


def chosen_contract(checkpoint: LeRobotCheckpoint, name: str, robot: Embodiment) -> tuple[DataContract, str]:
    """Return the contract, and why it is this one: named, of the dataset that is still here, or the only one that fits.

    Raises ConfigError where the named one does not fit, and where none or several do.
    """
    folder = checkpoint.folder
    if name:
        contract = load_contract(name)
        if reason := misfit(checkpoint, contract):
            raise ConfigError(f"{folder}: contract '{contract.name}' does not fit: {reason}: give the one that its "
                              "dataset was made by (--contract NAME)")  # fmt: skip
        return contract, "as named"
    if checkpoint.dataset is not None and (checkpoint.dataset / DATASET_CONTRACT).is_file():
        path = checkpoint.dataset / DATASET_CONTRACT
        try:
            contract = contract_from_text(path.read_text(), str(path))
        except (ConfigError, DocumentError, OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{path}: cannot be read ({error}): give --contract NAME") from None
        if reason := misfit(checkpoint, contract):
            raise ConfigError(f"{folder}: {path}, of its dataset, does not fit: {reason}: give --contract NAME")
        return contract, f"of {checkpoint.dataset}, which it was trained on"
    known = [load_contract(name) for name in contract_names()]
    ours = [contract for contract in known if robot.answers_to(contract.robot)]
    fitting = [contract for contract in ours if not misfit(checkpoint, contract)]
    if len(fitting) == 1:
        return fitting[0], "the only one that fits"
    if fitting:
        raise ConfigError(f"{folder}: fits several contracts of robot '{robot.name}', "
                          f"{', '.join(contract.name for contract in fitting)}, whose numbers mean different things: "
                          "give --contract NAME")  # fmt: skip
    reasons = "; ".join(f"{contract.name}: {misfit(checkpoint, contract)}" for contract in ours) or "there is none"
    raise ConfigError(f"{folder}: fits no contract of robot '{robot.name}' ({reasons}): give --contract NAME, a name "
                      "from config/contracts or a .yaml file")  # fmt: skip


def misfit(checkpoint: LeRobotCheckpoint, contract: DataContract) -> str:
    """Return the first thing in which a checkpoint is not of this contract, empty where there is none."""
    for name, size in checkpoint.cameras.items():
        if name not in contract.cameras:
            return unknown_name("camera of the checkpoint", name, contract.cameras)
        stream = contract.cameras[name]
        if size is not None and size != (stream.height, stream.width):
            return f"camera '{name}' is {size[1]}x{size[0]}, the contract's {stream.width}x{stream.height}"
    if checkpoint.state_size and checkpoint.state_size != len(contract.state):
        return f"the state has {checkpoint.state_size} numbers, the contract's {len(contract.state)}"
    numbers = ActionEncoding(contract.action).size
    if checkpoint.action_size != numbers:
        return f"an action has {checkpoint.action_size} numbers, the contract's {numbers}"
    return ""
