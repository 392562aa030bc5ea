# SPDX-License-Identifier: Apache-2.0
"""Friction and payload from a recording: fitted on its first part, looked at on its last.

Refuses, in one line, what cannot be trusted: a motion that tells parameters apart badly, effort that does not belong
to the motion, a fit that does not hold for what it has not seen.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import minimize_scalar

from controllers.arm.arm_dynamics import PAYLOAD_MAX, PAYLOAD_REACH
from controllers.arm.model import ArmModel
from vla_ros.robots.identification.acceptance import check_condition, check_delay, check_movement, check_validation
from vla_ros.robots.identification.equations import Equations, make_equations
from vla_ros.robots.identification.least_squares import BLOCK_S, Solution, plain_noise, rms, solve
from vla_ros.robots.identification.recording import ExcitationRecording
from vla_ros.robots.identification.regressor import units
from vla_ros.robots.identification.result import Identification, Parameters, Prediction, Quality
from vla_ros.robots.identification.signals import KEPT_RATE

HELD_OUT = 0.3  # share of the recording, its end
DELAYS = (-0.01, 0.06)  # [s] between effort and motion that are tried
PAYLOAD_MASS_MIN = 0.02  # [kg] less is none
SIGNIFICANT = 3.0  # standard errors
OFFSET_GAIN = 0.02  # an offset must take this share of the residual on what was held out
DELAY_ROUNDS = 2
INERTIA_ROUNDS = 3  # the point's inertia follows from mass and moment, and changes them little


@dataclass(frozen=True, eq=False)
class _Fit:
    solution: Solution
    mass: float
    moment: np.ndarray  # (3,)
    with_payload: bool
    with_offset: bool

    def predict(self, equations: Equations) -> np.ndarray:
        """Return the effort (R, N) [N·m]."""
        matrix = equations.matrix(self.with_payload, self.with_offset)
        own = equations.point_effort(self.mass, self.moment) if self.with_payload else 0.0
        return equations.nominal + own + matrix @ self.solution.parameters


def identify(model: ArmModel, recording: ExcitationRecording, effort_limit: np.ndarray) -> Identification:
    """Identify an arm whose `model` has no payload; `effort_limit` (N,) [N·m] says what is negligible.

    Raises ConfigError for a recording that cannot be used, IdentificationError for one that shows too little.
    """
    equations = make_equations(model, recording)
    count, n = len(equations.rows), equations.joints
    split = round((1.0 - HELD_OUT) * count)
    fitted, held = equations.part(slice(0, split)), equations.part(slice(split, count))
    check_movement(recording.joints, fitted.speed)
    condition = float(np.linalg.cond(fitted.matrix().reshape(-1, 2 * n + 4) * units(n)))
    check_condition(condition)
    delay = _delay(fitted)
    fit = _choose(fitted, held, delay)
    measured, predicted = equations.measured(delay), fit.predict(equations)
    residual = measured - predicted
    unseen = rms(residual[split:], held.moving)
    explained = 1.0 - (unseen / rms((measured - equations.nominal)[split:], held.moving)) ** 2
    seen = rms(residual[:split], fitted.moving)
    parameters, quality = _parameters(n, fit), Quality(condition, delay, seen, unseen, explained)
    check_validation(recording.joints, parameters, quality, effort_limit)
    time = equations.time[equations.rows] - recording.time[0]
    prediction = Prediction(time, measured, predicted, equations.nominal, float(time[split]))
    return Identification(recording.joints, parameters, quality, prediction)


def _delay(equations: Equations) -> float:
    """Return how much later than recorded the effort acts [s]. Raises IdentificationError when no delay fits.

    Effort that comes late looks like inertia: the payload's own, once it is known, must not be taken for a delay.
    """
    delay = _best_shift(equations, np.zeros_like(equations.nominal))
    for _ in range(DELAY_ROUNDS):
        check_delay(delay, DELAYS)
        rough = _fit(equations, delay, True, True)
        delay = _best_shift(equations, equations.point_effort(rough.mass, rough.moment))
    check_delay(delay, DELAYS)
    return delay


def _best_shift(equations: Equations, own: np.ndarray) -> float:
    """Return the delay [s] with the smallest residual when `own` (R, N) [N·m] is what the payload's inertia takes."""
    matrix, known = equations.matrix(with_offset=True), equations.nominal + own
    weights = equations.moving / plain_noise(matrix, equations.measured(0.0) - known, equations.moving)
    weighted = (matrix * weights[:, :, None]).reshape(-1, matrix.shape[2])
    basis = np.linalg.svd(weighted, full_matrices=False)[0]

    def cost(delay: float) -> float:
        y = ((equations.measured(delay) - known) * weights).ravel()
        return float(y @ y - ((basis.T @ y) ** 2).sum())

    return float(minimize_scalar(cost, bounds=DELAYS, method="bounded", options={"xatol": 1e-5}).x)


def _choose(fitted: Equations, held: Equations, delay: float) -> _Fit:
    """Fit without and with what need not be there, and keep the simplest that is no worse."""
    fit, other = (_with_payload_if_any(fitted, delay, with_offset) for with_offset in (False, True))
    noise = fit.solution.noise

    def residual(candidate: _Fit) -> float:
        left = rms(held.measured(delay) - candidate.predict(held), held.moving)
        return float(np.sqrt(((left / noise) ** 2).mean()))

    return other if residual(other) < (1.0 - OFFSET_GAIN) * residual(fit) else fit


def _with_payload_if_any(equations: Equations, delay: float, with_offset: bool) -> _Fit:
    fit = _fit(equations, delay, True, with_offset)
    least = SIGNIFICANT * fit.solution.errors[2 * equations.joints]
    return fit if fit.mass > max(PAYLOAD_MASS_MIN, least) else _fit(equations, delay, False, with_offset)


def _fit(equations: Equations, delay: float, with_payload: bool, with_offset: bool) -> _Fit:
    n = equations.joints
    matrix = equations.matrix(with_payload, with_offset)
    lower, upper = [np.zeros(2 * n)], [np.full(2 * n, np.inf)]
    if with_payload:
        reach = PAYLOAD_REACH * PAYLOAD_MAX
        lower.append(np.array([0.0, -reach, -reach, -reach]))
        upper.append(np.array([PAYLOAD_MAX, reach, reach, reach]))
    if with_offset:
        lower.append(np.full(n, -np.inf))
        upper.append(np.full(n, np.inf))
    bounds = np.concatenate(lower), np.concatenate(upper)
    target = equations.measured(delay) - equations.nominal
    noise = plain_noise(matrix, target, equations.moving)
    mass, moment = 0.0, np.zeros(3)
    for _ in range(INERTIA_ROUNDS if with_payload else 1):
        own = equations.point_effort(mass, moment)
        solution = solve(matrix, target - own, equations.moving, noise, bounds, round(BLOCK_S * KEPT_RATE))
        noise = solution.noise
        if with_payload:
            mass, moment = float(solution.parameters[2 * n]), solution.parameters[2 * n + 1 : 2 * n + 4]
    return _Fit(solution, mass, moment, with_payload, with_offset)


def _parameters(n: int, fit: _Fit) -> Parameters:
    theta, errors = fit.solution.parameters, fit.solution.errors
    found = Parameters(theta[:n], errors[:n], theta[n : 2 * n], errors[n : 2 * n])
    if fit.with_offset:
        found = replace(found, offset=theta[-n:], offset_error=errors[-n:])
    if not fit.with_payload:
        return found
    block, center = slice(2 * n, 2 * n + 4), fit.moment / fit.mass
    derivative = np.hstack([-center[:, None], np.eye(3)]) / fit.mass  # of c = (m c) / m
    center_error = np.sqrt(np.diag(derivative @ fit.solution.covariance[block, block] @ derivative.T))
    return replace(
        found, mass=fit.mass, mass_error=float(errors[2 * n]), center=tuple(center.tolist()),
        center_error=tuple(center_error.tolist()),
    )  # fmt: skip
