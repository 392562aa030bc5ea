# SPDX-License-Identifier: Apache-2.0
"""How long the next chunk will take, from how long the last ones took."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

from controllers.errors import ConfigError


@dataclass(frozen=True)
class DelayConfig:
    """What is taken for the delay from exposure to chunk."""

    delay_s: float | None = None  # [s]; empty: estimated
    initial_delay_s: float = 0.2  # [s] expected until inferences have been measured
    lead_s: float = 0.05  # [s] added to a measured inference: exposure to its start, its end to control
    warmup: int = 3  # inferences that are not measured
    window: int = 40  # inferences that the 95th percentile is of

    def __post_init__(self) -> None:
        if self.warmup < 0 or self.window < 1:
            raise ConfigError(f"window must be at least 1 and warmup 0, got {self.window} and {self.warmup}")
        for name in ("delay_s", "initial_delay_s", "lead_s"):
            value = getattr(self, name)
            if value is not None and value < 0.0:
                raise ConfigError(f"{name} must be >= 0 s, got {value}")


class DelayEstimator:
    """The 95th percentile of recent delays; the first ones, slow with loading and compiling, do not count."""

    def __init__(self, config: DelayConfig) -> None:
        self._config = config
        self._recent: deque[float] = deque(maxlen=config.window)
        self._transport: deque[float] = deque(maxlen=config.window)
        self._seen = 0

    def add(self, inference: float) -> None:
        """Take how long an inference took [s]."""
        self._seen += 1
        if self._seen > self._config.warmup:
            self._recent.append(inference + self._config.lead_s)

    def add_transport(self, seconds: float) -> None:
        """Take how long a request and its chunk were on their way [s], where another machine asks."""
        self._transport.append(seconds)

    @property
    def seconds(self) -> float:
        """Return the delay to expect [s]: the one that is configured, if any is."""
        if self._config.delay_s is not None:
            return self._config.delay_s
        inference = float(np.percentile(self._recent, 95)) if self._recent else self._config.initial_delay_s
        return inference + (float(np.percentile(self._transport, 95)) if self._transport else 0.0)
