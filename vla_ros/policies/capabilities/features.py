# SPDX-License-Identifier: Apache-2.0
"""What a policy's network thought when it made a chunk, as one vector: an optional capability.

The mean over the tokens of the last hidden layer, as SAFE reads it (Gu et al. 2025, arXiv 2506.09937): what
`vla_ros/failure_detection` learns from. It costs a mean; nothing is inferred for it, but by GAM, whose critic
scores the chosen candidate once more where somebody asks.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np


@runtime_checkable
class FeatureProvider(Protocol):
    """A policy that shows the features of its last chunk."""

    @property
    def features(self) -> np.ndarray | None:
        """Return (F,) float32 of the last `infer`; None where no network made its chunk, and after a reset."""
        ...
