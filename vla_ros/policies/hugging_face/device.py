# SPDX-License-Identifier: Apache-2.0
"""What a model is to run on: asked for before its weights are read, which takes minutes."""

from __future__ import annotations

import torch

from controllers.errors import ConfigError


def check_device(name: str) -> None:
    """Raise ConfigError for a device, such as "cuda:1", that PyTorch does not have on this machine."""
    try:
        torch.empty(0, device=name)
    except (RuntimeError, AssertionError) as error:  # the latter where PyTorch was built without it
        line = str(error).splitlines()[0]
        raise ConfigError(
            f"device '{name}' cannot be used ({line}): set device to cpu, or to a GPU that is here"
        ) from None
