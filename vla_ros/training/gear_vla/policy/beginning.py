# SPDX-License-Identifier: Apache-2.0
"""What a training of the small GEAR-VLA begins from: eyes alone, or a whole one of another robot.

Embodiment canonicalisation (section 3.3): actions of every robot mean the same, so that what was learned with one goes
on with another. Its state means something else, and what reads that is new.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from controllers.errors import ConfigError
from vla_ros.configuration import build, shared_path
from vla_ros.documents import read_json
from vla_ros.policies.action_transformer.sizes import ActionTransformerSizes
from vla_ros.policies.actions.fast.tokenizer import FastTokenizer
from vla_ros.policies.actions.normalisation import Statistics
from vla_ros.policies.backbone.proposals import ProposalNetwork
from vla_ros.policies.contract import ActionContract, DataContract
from vla_ros.policies.contract_checks import first_difference
from vla_ros.policies.families.network_file import load_network
from vla_ros.policies.families.table import CONFIG, said_kind
from vla_ros.policies.gear_vla.config import KIND, GearVlaConfig, GearVlaSizes, TokenSizes, read_gear_vla_config
from vla_ros.policies.gear_vla.geometry.config import KIND as GEOMETRY
from vla_ros.policies.gear_vla.geometry.config import GeometryConfig
from vla_ros.policies.gear_vla.geometry.network import GeometryNetwork
from vla_ros.policies.gear_vla.network import GearVlaNetwork
from vla_ros.training.backbone.beginning import read_beginning
from vla_ros.training.gear_vla.policy.config import GearVlaTraining

STATE_LAYERS = ("state.", "transformer.state.")  # weights that read the robot's state
FAST = "fast"  # folder, beside a checkpoint's weights


@dataclass(frozen=True, eq=False)
class Beginning:
    """Weights to begin with, and what they know already."""

    eye: ProposalNetwork
    eye_width: int
    geometry: GeometryNetwork | None = None
    whole: GearVlaNetwork | None = None  # of another robot, of which `eye` is a part; None: all but the eyes is new
    tokens: TokenSizes | None = None  # that the whole one says
    fast: FastTokenizer | None = None  # by which it does
    actions: Statistics | None = None  # that it was trained with

    def network(self, made: GearVlaConfig) -> GearVlaNetwork:
        """Return what is trained. What reads the state begins anew."""
        network = GearVlaNetwork(made)
        if self.whole is None:
            network.eye.load_state_dict(self.eye.state_dict())
            if network.geometry is not None and self.geometry is not None:
                network.geometry.load_state_dict(self.geometry.state_dict())
            return network
        own = network.state_dict()
        known = {name: value for name, value in self.whole.state_dict().items() if not name.startswith(STATE_LAYERS)}
        network.load_state_dict(own | known)
        return network


def begin_gear_vla(config: GearVlaTraining, contract: DataContract) -> Beginning:
    """Read the checkpoint that is named. Raises ConfigError for one that these settings do not fit."""
    folder = shared_path(config.begin)
    if said_kind(folder) != KIND:
        backbone, sizes = read_beginning(folder)
        geometry = _geometry(shared_path(config.geometry)) if config.geometry else None
        return Beginning(backbone.proposals, sizes.width, geometry)
    if config.geometry:
        raise ConfigError(f"begin: {folder}: goes on with its own geometry encoder, if it has one: leave out geometry")
    found = read_gear_vla_config(folder)
    acting = found.acting
    wanted = _fixed(len(contract.cameras), contract.action, config.network, config.transformer, config.reads)
    given = _fixed(len(acting.cameras), acting.action, found.network, acting.transformer, found.reads)
    difference = first_difference(wanted, given)
    if difference is not None:
        key, ours, theirs = difference
        raise ConfigError(
            f"begin: {folder}: {key} is {theirs!r}, these settings say {ours!r}: it cannot go on with them"
        )
    whole = load_network(folder, lambda: GearVlaNetwork(found))
    statistics = acting.action_statistics
    fast = FastTokenizer.load(folder / FAST)
    return Beginning(whole.eye, found.network.eye_width, whole.geometry, whole, found.tokens, fast, statistics)


def _geometry(folder: Path) -> GeometryNetwork:
    kind = said_kind(folder)
    if kind != GEOMETRY:
        raise ConfigError(f"geometry: {folder}: is a {kind}: give a geometry encoder (vla train geometry)")
    sizes = build(GeometryConfig, read_json(folder / CONFIG), str(folder / CONFIG))
    return load_network(folder, lambda: GeometryNetwork(sizes))


def learn_projectors_alone(network: GearVlaNetwork) -> None:
    """Let nothing learn but what reads the state: the first of two stages of adaptation."""
    for name, parameter in network.named_parameters():
        parameter.requires_grad_(name.startswith(STATE_LAYERS))


def _fixed(
    cameras: int, action: ActionContract, sizes: GearVlaSizes, transformer: ActionTransformerSizes, reads: str
) -> dict[str, object]:
    """Return what has to be the same where one goes on with another robot."""
    return {
        "cameras": cameras,
        "actions": (
            *(len(part) for part in (action.arms, action.joints, action.grippers, action.cups)),
            action.base,
            action.reference,
            action.rotation,
            action.horizon,
        ),
        "network": (sizes.size, sizes.heads, sizes.feedforward, sizes.encoder_layers, sizes.decoder_layers),
        "transformer": transformer,
        "reads": reads,
    }
