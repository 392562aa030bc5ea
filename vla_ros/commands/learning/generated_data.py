# SPDX-License-Identifier: Apache-2.0
"""Demonstrations for a training that was given none: generated as `vla generate` does."""

from __future__ import annotations

import argparse
from pathlib import Path

from vla_ros.commands.learning import generate as generate_command
from vla_ros.launching import egl


class GeneratedData:
    """What `vla train` and `vla finetune` give to a family's training."""

    def check(self, settings: str = "") -> None:
        """Raise ConfigError where cameras cannot be rendered, or where settings cannot be read."""
        from vla_ros.training.generation.settings import load_settings

        if settings:
            load_settings(settings)
        egl.require_egl()

    def make(self, settings: str, episodes: int, grounding: int, folder: Path, contract: str) -> bool:
        """Generate what is missing in a folder by a contract; tell whether all is there."""
        from vla_ros.training.generation.maker import episode_maker

        self.check()
        parser = argparse.ArgumentParser()
        generate_command.add_arguments(parser)
        words = ["--config", settings, "--contract", contract, "--episodes", str(episodes)]
        wanted = parser.parse_args([*words, "--grounding", str(grounding), "--", str(folder)])
        return generate_command.generate(wanted, episode_maker) == 0
