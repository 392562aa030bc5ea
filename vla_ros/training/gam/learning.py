# SPDX-License-Identifier: Apache-2.0
"""`vla train gam_small --data FOLDER`: scenes with labelled candidates to GAM's actor and critic."""

from __future__ import annotations

from typing import TYPE_CHECKING

from controllers.errors import ConfigError
from vla_ros.policies.families.learning import DataMaker, TrainingRequest
from vla_ros.policies.gam.checkpoint_config import KIND
from vla_ros.training.begun_data import keep_begun_data
from vla_ros.training.begun_settings import learned_by
from vla_ros.training.gam.config import load_gam_training
from vla_ros.training.output_lock import taken
from vla_ros.training.session import Session, carry_out

if TYPE_CHECKING:
    from vla_ros.training.stages.events import TrainingResult


def train_gam(request: TrainingRequest, maker: DataMaker) -> int:
    """Train on folders of labelled candidates; 0 when done, 130 when interrupted."""
    config = request.threaded(load_gam_training(request.config))
    if request.data is None:
        raise ConfigError("--data: name folders of labelled candidates: `vla generate --task bin_pick` makes them")
    from vla_ros.training.gam.dataset import content_digest, find_folders
    from vla_ros.training.stages.distributed import join_processes

    folders = find_folders(request.data)
    with join_processes() as distributed, taken(request.output, distributed):

        def train(session: Session) -> TrainingResult:
            from vla_ros.training.gam.train import train

            return train(config, folders, request.output, session.on_event, distributed, session.stop)

        if distributed.leads:
            keep_begun_data(request.output, folders, content_digest)
        samples = {KIND: (config.gam.steps, config.gam.batch)}
        return carry_out(request, samples, learned_by(config, ("judged",)), distributed, train)
