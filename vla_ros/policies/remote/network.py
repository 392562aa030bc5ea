# SPDX-License-Identifier: Apache-2.0
"""A network between a robot and its policy server: how late what is sent arrives, as TCP shows it to a program.

A program that speaks TCP sees no lost packet: it sees bytes that come later, after one or more retransmission
time-outs, and everything that was sent after them comes later still.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, fields

import numpy as np

from controllers.errors import ConfigError, unknown_name

RETRANSMIT_MIN_S = 0.2  # [s] Linux: TCP_RTO_MIN, on top of the round trip
RETRANSMIT_MAX_S = 120.0  # [s] Linux: TCP_RTO_MAX
LATENCY_MAX_S = 10.0
FORM = "SECONDS[±JITTER][,loss=SHARE][,outage=SECONDS/EVERY], such as 0.3±0.15,loss=0.02"


@dataclass(frozen=True)
class Network:
    """What lies between the two; all of it is drawn from a seed."""

    latency_s: float = 0.0  # [s] there and back, on average; half of it each way
    jitter_s: float = 0.0  # [s] there and back takes latency_s ± this; each way is uniform, as `tc netem` draws it
    loss: float = 0.0  # share of messages, each way, that are lost once, and of those that are sent again likewise
    outage_s: float = 0.0  # [s] in which nothing arrives …
    every_s: float = 0.0  # [s] … again and again, the first time after so long; 0: never

    def __post_init__(self) -> None:
        for field in fields(self):
            if not math.isfinite(value := getattr(self, field.name)) or value < 0.0:
                raise ConfigError(f"network: {field.name} must be 0 or more, got {value}")
        if self.latency_s > LATENCY_MAX_S:
            raise ConfigError(f"network: latency_s must be 0 to {LATENCY_MAX_S:g} s, got {self.latency_s:g}")
        if self.jitter_s > self.latency_s:
            raise ConfigError(f"network: jitter {self.jitter_s:g} s is more than the latency of {self.latency_s:g} s: "
                              "nothing arrives before it is sent")  # fmt: skip
        if self.loss > 0.9:
            raise ConfigError(f"network: loss must be 0 to 0.9, got {self.loss:g}")
        if self.every_s and not 0.0 < self.outage_s < self.every_s:
            raise ConfigError(f"network: an outage of {self.outage_s:g} s every {self.every_s:g} s: it must be shorter")
        if self.outage_s and not self.every_s:
            raise ConfigError(f"network: an outage of {self.outage_s:g} s: say how often, outage={self.outage_s:g}/20")

    @property
    def retransmission_s(self) -> float:
        """Return TCP's first retransmission time-out [s]: round trip and four mean deviations (RFC 6298; Linux)."""
        deviation = self.jitter_s / 3.0  # of the sum of two uniform draws
        return self.latency_s + max(RETRANSMIT_MIN_S, 4.0 * deviation)

    def out(self, time: float) -> bool:
        """Say whether nothing gets through at `time` [s] since the beginning."""
        return self.every_s > 0.0 and time >= self.every_s and time % self.every_s < self.outage_s

    def arrival(self, sent: float, random: np.random.Generator, out: Callable[[float], bool] | None = None) -> float:
        """Return when a message arrives that is sent at `sent` [s]; `out` says when nothing gets through."""
        out = self.out if out is None else out
        wait = self.retransmission_s
        while out(sent) or (self.loss > 0.0 and random.random() < self.loss):
            sent += wait
            wait = min(2.0 * wait, RETRANSMIT_MAX_S)
        return sent + 0.5 * self.latency_s + random.uniform(-0.5, 0.5) * self.jitter_s

    def __str__(self) -> str:
        text = f"{self.latency_s:g}" + (f"±{self.jitter_s:g}" if self.jitter_s else "")
        text += f",loss={self.loss:g}" if self.loss else ""
        return text + (f",outage={self.outage_s:g}/{self.every_s:g}" if self.every_s else "")


def read_network(text: str, option: str) -> Network:
    """Return the network of such a text as 0.3±0.15,loss=0.02,outage=1/20. Raises ConfigError that begins `option`."""
    times, *rest = (part.strip() for part in text.split(","))
    latency, *jitter = times.replace("+-", "±").split("±")
    known: dict[str, float] = {}
    try:
        known["latency_s"] = float(latency)
        if jitter:
            (known["jitter_s"],) = map(float, jitter)
        for part in rest:
            name, _, value = part.partition("=")
            if name not in ("loss", "outage"):
                raise ConfigError(f"{option} {text}: {unknown_name('word', name, ('loss', 'outage'))}")
            if name == "loss":
                known["loss"] = float(value)
            else:
                known["outage_s"], known["every_s"] = map(float, value.split("/"))
    except ValueError:
        raise ConfigError(f"{option} {text}: give {FORM}") from None
    try:
        return Network(**known)
    except ConfigError as error:
        raise ConfigError(f"{option} {text}: {error}") from None
