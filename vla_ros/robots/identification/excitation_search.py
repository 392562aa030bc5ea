# SPDX-License-Identifier: Apache-2.0
"""Look for series that tell the parameters apart: random ones, the best of them varied, all inside the limits.

Judged by the condition number of the regressor in units in which friction and payload matter alike.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from controllers.control_config import ControlConfig
from controllers.errors import ConfigError
from controllers.model import ArmModel
from vla_ros.robots.embodiment import ArmGroup
from vla_ros.robots.identification.excitation import Excitation, FourierSeries, closing_basis
from vla_ros.robots.identification.regressor import UnitRegressor

Free = Callable[[np.ndarray], bool]  # is the arm at q (N,) [rad] clear of everything?
Show = Callable[[float], None]  # told which share of the search is done

LIMIT_SAMPLES, SCORE_SAMPLES = 240, 80  # instants looked at for limits, and for the condition number
SHRINK, SHRINKS = 0.85, 14  # a motion that hits something is made smaller, so often
STEP = 0.4  # of a variation, as a share of the coefficients' size


@dataclass(frozen=True)
class SearchConfig:
    """How long the motion takes, how lively it is, and how hard a good one is looked for."""

    period: float = 12.0  # [s] of one series
    fits: int = 2  # series to fit, before the one to validate with
    harmonics: int = 5
    speed_share: float = 0.5  # of what control may plan: joint speed and acceleration
    draws: int = 60  # random motions, for each series
    variations: int = 120  # of the best of them
    joint_margin: float = 0.2  # [rad] from the joints' ends
    box_margin: float = 0.05  # [m] from the walls of the workspace box

    def __post_init__(self) -> None:
        for name, low, high in (
            ("period", 2.0, 120.0), ("fits", 1, 10), ("harmonics", 3, 20), ("speed_share", 0.05, 1.0),
            ("draws", 1, 10_000), ("variations", 0, 10_000), ("joint_margin", 0.0, 1.0), ("box_margin", 0.0, 0.5),
        ):  # fmt: skip
            if not low <= getattr(self, name) <= high:
                raise ConfigError(f"excitation: '{name}' must be {low:g} to {high:g}, got {getattr(self, name):g}")


class ExcitationSearch:
    """Draw, shrink into the limits, judge, vary."""

    def __init__(
        self, model: ArmModel, arm: ArmGroup, control: ControlConfig, config: SearchConfig, free: Free, seed: int
    ) -> None:
        """Look for motions of `arm` under `control`; `free` says which configurations touch nothing."""
        self._model, self._joints, self._config, self._free = model.clone(), arm.joints, config, free
        self._regressor = UnitRegressor(model)
        self._random = np.random.default_rng(seed)
        stitch = control.stitch
        self._room = np.stack([arm.lower + config.joint_margin, arm.upper - config.joint_margin])  # (2, N) [rad]
        self._speed = config.speed_share * stitch.joint_speed_scale * arm.velocity
        self._acceleration = config.speed_share * np.minimum(stitch.joint_acceleration_max, arm.acceleration)
        self._box = (
            np.array(control.workspace_lower) + config.box_margin,
            np.array(control.workspace_upper) - config.box_margin,
        )
        self._bases = closing_basis(config.harmonics)

    def run(self, origin: np.ndarray, show: Show = lambda share: None) -> Excitation:
        """Return an excitation from and to `origin` (N,) [rad]. Raises ConfigError when there is no room for one."""
        config = self._config
        if not self._inside(origin[None]):
            raise ConfigError(
                "excitation: the posture it starts from is at a limit, outside the box, or touches something"
            )
        series: list[FourierSeries] = []
        information = np.zeros((self._regressor.columns, self._regressor.columns))
        total = config.fits * (config.draws + config.variations) + 1
        for fit in range(config.fits):
            best, gain = self._best(origin, information, lambda k, n=fit: show((n * total // config.fits + k) / total))
            series.append(best)
            information = information + gain
        series.append(self._feasible(self._draw(origin)))
        show(1.0)
        return Excitation(self._joints, tuple(series))

    def _best(
        self, origin: np.ndarray, information: np.ndarray, show: Callable[[int], None]
    ) -> tuple[FourierSeries, np.ndarray]:
        """Return the series that adds most to what is known, and its information."""
        config = self._config
        best, gain, least = None, information, np.inf
        for attempt in range(config.draws + config.variations):
            show(attempt)
            varied = best is not None and attempt >= config.draws
            try:
                candidate = self._feasible(self._vary(best) if varied else self._draw(origin))
            except ConfigError:
                continue
            added = self._regressor.information(candidate.sample(np.linspace(0.0, candidate.period, SCORE_SAMPLES)))
            condition = float(np.linalg.cond(information + added))
            if condition < least:
                best, gain, least = candidate, added, condition
        if best is None:
            raise ConfigError("excitation: no motion fits between the arm's limits and what is around it: "
                              "start from a posture with more room")  # fmt: skip
        return best, gain

    def _draw(self, origin: np.ndarray) -> FourierSeries:
        """Draw a series, each joint filling half to all of its room."""
        n, free = len(origin), self._config.harmonics - 1
        sine, cosine = (self._random.normal(size=(n, free)) @ basis.T for basis in self._bases)
        drawn = self._filled(FourierSeries(origin, sine, cosine, self._config.period))
        share = self._random.uniform(0.5, 1.0, size=(n, 1))
        return FourierSeries(origin, share * drawn.sine, share * drawn.cosine, drawn.period)

    def _vary(self, series: FourierSeries) -> FourierSeries:
        n, free = len(series.origin), self._config.harmonics - 1
        size = STEP * self._random.uniform()
        changed = [
            values + size * np.abs(values).mean(axis=1, keepdims=True) * (self._random.normal(size=(n, free)) @ basis.T)
            for values, basis in zip((series.sine, series.cosine), self._bases, strict=True)
        ]
        return FourierSeries(series.origin, changed[0], changed[1], series.period)

    def _filled(self, series: FourierSeries) -> FourierSeries:
        """Scale each joint until its range, speed or acceleration is at its limit."""
        q, dq, ddq = series.sample(np.linspace(0.0, series.period, LIMIT_SAMPLES))
        moved = q - series.origin
        shares = np.max([
            np.maximum(moved.max(axis=0), 1e-9) / (self._room[1] - series.origin),
            np.maximum(-moved.min(axis=0), 1e-9) / (series.origin - self._room[0]),
            np.abs(dq).max(axis=0) / self._speed,
            np.abs(ddq).max(axis=0) / self._acceleration,
        ], axis=0)[:, None]  # fmt: skip
        return FourierSeries(series.origin, series.sine / shares, series.cosine / shares, series.period)

    def _feasible(self, series: FourierSeries) -> FourierSeries:
        """Return the series as large as limits and surroundings allow. Raises ConfigError when it stays too large."""
        filled = self._filled(series)
        # Scaled up, a joint would lose the share that was drawn for it: only too large ones are changed.
        size = np.minimum(1.0, np.abs(filled.sine).sum(axis=1) / np.maximum(np.abs(series.sine).sum(axis=1), 1e-12))
        for _ in range(SHRINKS):
            scaled = FourierSeries(
                series.origin, size[:, None] * series.sine, size[:, None] * series.cosine, series.period
            )
            if self._inside(scaled.sample(np.linspace(0.0, series.period, LIMIT_SAMPLES))[0]):
                return scaled
            size = SHRINK * size
        raise ConfigError("excitation: the motion does not fit")

    def _inside(self, configurations: np.ndarray) -> bool:
        """Say whether every configuration (K, N) [rad] is inside the joints' room and the tool's box, and free."""
        if (configurations < self._room[0]).any() or (configurations > self._room[1]).any():
            return False
        tools = np.array([self._model.forward(q)[:3, 3] for q in configurations])
        if (tools < self._box[0]).any() or (tools > self._box[1]).any():
            return False
        return all(self._free(q) for q in configurations)
