# SPDX-License-Identifier: Apache-2.0
"""`vla train geometry`: scenes of the simulator to a geometry encoder. It takes no datasets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from controllers.errors import ConfigError
from vla_ros.policies.families.learning import DataMaker, TrainingRequest
from vla_ros.policies.gear_vla.geometry.config import KIND
from vla_ros.training.begun_settings import learned_by
from vla_ros.training.gear_vla.geometry.config import load_geometry_training
from vla_ros.training.output_lock import taken
from vla_ros.training.session import Session, carry_out

if TYPE_CHECKING:
    from vla_ros.training.stages.events import TrainingResult


def train_geometry(request: TrainingRequest, maker: DataMaker) -> int:
    """Look at scenes, then train; 0 when done, 130 when interrupted."""
    config = request.threaded(load_geometry_training(request.config))
    if request.data is not None:
        raise ConfigError(
            f"--data {request.data[0]}: the geometry encoder learns from scenes that it draws: leave it out"
        )
    from vla_ros.training.stages.distributed import join_processes

    with join_processes() as distributed, taken(request.output, distributed):

        def train(session: Session) -> TrainingResult:
            from vla_ros.training.gear_vla.geometry.train import train

            return train(config, request.output, session.on_event, distributed, session.stop)

        samples = {KIND: (config.geometry.steps, config.geometry.batch)}
        return carry_out(request, samples, learned_by(config), distributed, train)
