# SPDX-License-Identifier: Apache-2.0
"""Look for series that tell the parameters apart: random ones, the best of them varied, all inside the limits.

Judged by the condition number of the regressor in units in which friction and payload matter alike.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from controllers.arm.model import ArmModel
from controllers.control_config import ControlConfig
from controllers.errors import ConfigError
from vla_ros.robots.groups import ArmGroup
from vla_ros.robots.identification.excitation import Excitation, FourierSeries, closing_basis
from vla_ros.robots.identification.regressor import UnitRegressor

Free = Callable[[np.ndarray], bool]  # is the arm at q (N,) [rad] clear of everything?
Show = Callable[[float], None]  # told which share of the search is done

LIMIT_SAMPLES, SCORE_SAMPLES = 240, 80  # instants looked at for limits, and for the condition number
LOOK_STRIDE = 16
SHRINK, SHRINKS = 0.85, 14  # a motion that hits something is made smaller, so often
NO_ROOM = (
    "excitation: no motion fits between the arm's limits and what is around it: start from a posture with more room"
)
STEP = 0.4  # of a variation, as a share of the coefficients' size


def _share(show: Show, done: int, total: int) -> Callable[[int], None]:
    """Return what takes the steps of one series and shows the share of all `total`, `done` of them before it."""
    return lambda step: show((done + step) / total)


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
            best, gain = self._best(origin, information, _share(show, fit * total // config.fits, total))
            series.append(best)
            information = information + gain
        series.append(self._any(origin))
        show(1.0)
        return Excitation(self._joints, tuple(series))

    def _any(self, origin: np.ndarray) -> FourierSeries:
        """Return a series that was not chosen for anything: what is validated must not be what was fitted."""
        for _ in range(self._config.draws):
            clear = self._cleared(self._draw(origin))
            if clear is not None:
                return clear
        raise ConfigError(NO_ROOM)

    def _best(
        self, origin: np.ndarray, information: np.ndarray, show: Callable[[int], None]
    ) -> tuple[FourierSeries, np.ndarray]:
        """Return the series that adds most to what is known, and its information."""
        config = self._config
        best: FourierSeries | None = None
        gain, least = information, np.inf
        for attempt in range(config.draws + config.variations):
            show(attempt)
            varied = best if attempt >= config.draws else None
            candidate = self._draw(origin) if varied is None else self._limited(self._vary(varied))
            # What is no better before it is made smaller will not be after, and looking for collisions takes longest.
            if np.linalg.cond(information + self._information(candidate)) >= least:
                continue
            clear = self._cleared(candidate)
            if clear is None:
                continue
            added = self._information(clear)
            condition = float(np.linalg.cond(information + added))
            if condition < least:
                best, gain, least = clear, added, condition
        if best is None:
            raise ConfigError(NO_ROOM)
        return best, gain

    def _information(self, series: FourierSeries) -> np.ndarray:
        return self._regressor.information(series.sample(np.linspace(0.0, series.period, SCORE_SAMPLES)))

    def _draw(self, origin: np.ndarray) -> FourierSeries:
        """Draw a series, each joint filling half to all of its room."""
        n, free = len(origin), self._config.harmonics - 1
        sine, cosine = (self._random.normal(size=(n, free)) @ basis.T for basis in self._bases)
        drawn = FourierSeries(origin, sine, cosine, self._config.period)
        return _scaled(drawn, self._random.uniform(0.5, 1.0, size=(n, 1)) / self._shares(drawn))

    def _vary(self, series: FourierSeries) -> FourierSeries:
        n, free = len(series.origin), self._config.harmonics - 1
        size = STEP * self._random.uniform()
        changed = [
            values + size * np.abs(values).mean(axis=1, keepdims=True) * (self._random.normal(size=(n, free)) @ basis.T)
            for values, basis in zip((series.sine, series.cosine), self._bases, strict=True)
        ]
        return FourierSeries(series.origin, changed[0], changed[1], series.period)

    def _shares(self, series: FourierSeries) -> np.ndarray:
        """Return how much of its range, speed or acceleration each joint uses, whichever is most (N, 1)."""
        q, dq, ddq = series.sample(np.linspace(0.0, series.period, LIMIT_SAMPLES))
        moved = q - series.origin
        shares = [
            np.maximum(moved.max(axis=0), 1e-9) / (self._room[1] - series.origin),
            np.maximum(-moved.min(axis=0), 1e-9) / (series.origin - self._room[0]),
            np.abs(dq).max(axis=0) / self._speed,
            np.abs(ddq).max(axis=0) / self._acceleration,
        ]
        return np.max(shares, axis=0)[:, None]

    def _limited(self, series: FourierSeries) -> FourierSeries:
        """Return the series with joints that are beyond their limits made smaller."""
        return _scaled(series, 1.0 / np.maximum(1.0, self._shares(series)))

    def _cleared(self, series: FourierSeries) -> FourierSeries | None:
        """Return the series as large as the surroundings allow, None where even a small one touches something."""
        times = np.linspace(0.0, series.period, LIMIT_SAMPLES)
        times = np.concatenate([times[first::LOOK_STRIDE] for first in range(LOOK_STRIDE)])  # a coarse look first
        for _ in range(SHRINKS):
            if self._inside(series.sample(times)[0]):
                return series
            series = _scaled(series, SHRINK)
        return None

    def _inside(self, configurations: np.ndarray) -> bool:
        """Say whether every configuration (K, N) [rad] is inside the joints' room and the tool's box, and free."""
        if (configurations < self._room[0] - 1e-9).any() or (configurations > self._room[1] + 1e-9).any():
            return False
        tools = np.array([self._model.forward(q)[:3, 3] for q in configurations])
        if (tools < self._box[0]).any() or (tools > self._box[1]).any():
            return False
        return all(self._free(q) for q in configurations)


def _scaled(series: FourierSeries, share: float | np.ndarray) -> FourierSeries:
    return FourierSeries(series.origin, share * series.sine, share * series.cosine, series.period)
