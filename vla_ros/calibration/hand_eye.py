# SPDX-License-Identifier: Apache-2.0
"""Where a camera is on its link and the board on its own, from views with known poses of the robot.

The camera is fixed to one link (the hand, or the base where it stands), the board to another (the base, or the hand).
With M the pose of the board's link in the camera's link, which the robot says for every view:

    T_camera_board = X⁻¹ · M · Z,   X = T_link_camera,   Z = T_boardlink_board

First in closed form from the board's poses (Shah 2013, "Solving the robot-world/hand-eye calibration problem using the
Kronecker product"), then as one least-squares problem over all corners of all views [px], optics and offsets of the
joints included where that is wanted (bundle adjustment).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from controllers.errors import ConfigError
from vla_ros.calibration.board import Corners
from vla_ros.calibration.board_pose import board_pose, pose_block
from vla_ros.calibration.least_squares import Block, covariance, solve
from vla_ros.calibration.motions import adjoint, inverse, motion
from vla_ros.calibration.optics import PINHOLE, Optics
from vla_ros.calibration.views import VIEWS_MIN, RobotView

CORNER_NOISE_MIN = 0.02  # [px] that priors are weighed against at least
OUTLIER, OUTLIER_PX = 4.0, 1.0  # times the median view, and at least so much: the view is left out
_POSE = 6  # parameters of X, then as many of Z


@dataclass(frozen=True)
class Free:
    """What is searched for beside the two poses."""

    optics: bool = False  # fx, fy, cx, cy
    optics_std: tuple[float, ...] = ()  # (4,) [px] how well they are known before; empty: not at all
    offsets: float = 0.0  # [rad] standard deviation of the joints' offsets; 0: the joints are taken for exact
    board_scale: bool = False  # the side of the squares

    @property
    def optics_numbers(self) -> np.ndarray:
        """Return which of the optics' parameters are free."""
        return np.arange(PINHOLE if self.optics else 0)


@dataclass(frozen=True, eq=False)
class _Before:
    """What is known before any view: optics, and the corners' noise, which everything known is weighed against."""

    optics: Optics
    noise: float  # [px]

    def weights(self, free: Free, joints: int) -> np.ndarray:
        """Return the weights (P,) [px²] of the squares of what `offset` returns."""
        optics = np.zeros(len(free.optics_numbers))
        if len(free.optics_std):
            optics[:] = (self.noise / np.array(free.optics_std)) ** 2
        offsets = np.full(joints, (self.noise / free.offsets) ** 2 if free.offsets else 0.0)
        return np.concatenate([np.zeros(2 * _POSE), optics, offsets, np.zeros(int(free.board_scale))])

    def offset(self, estimate: Estimate, free: Free) -> np.ndarray:
        """Return how far an estimate is (P,) from what is known."""
        optics = (estimate.optics.parameters - self.optics.parameters)[free.optics_numbers]
        return np.concatenate([np.zeros(2 * _POSE), optics, estimate.offsets, np.zeros(int(free.board_scale))])


@dataclass(frozen=True, eq=False)
class Estimate:
    """All that is searched for."""

    T_link_camera: np.ndarray  # (4, 4) X
    T_boardlink_board: np.ndarray  # (4, 4) Z
    optics: Optics
    offsets: np.ndarray = field(default_factory=lambda: np.zeros(0))  # (J,) [rad] what the joints are off by
    scale: float = 1.0  # true side of the squares over the one that was given


@dataclass(frozen=True, eq=False)
class HandEye:
    """An estimate, and how good it is."""

    found: Estimate
    covariance: np.ndarray  # (P, P): X in its own axes, Z in its own, optics, offsets, scale
    free: Free
    view_px: Mapping[str, float]  # root mean square distance of the corners by view
    alone_px: float  # the same over all views with each view's pose free: what corners and optics alone leave
    left_out: tuple[str, ...]  # views that fit to nothing

    @property
    def residual_px(self) -> float:
        """Return the root mean square distance over all views [px]."""
        return float(np.sqrt(np.mean(np.square(list(self.view_px.values())))))

    @property
    def position_std(self) -> np.ndarray:
        """Return standard deviations (3,) of the camera's position along the axes of its link [m]."""
        R = self.found.T_link_camera[:3, :3]
        return np.sqrt(np.diag(R @ self.covariance[:3, :3] @ R.T))

    @property
    def rotation_std(self) -> np.ndarray:
        """Return standard deviations (3,) of its orientation about the camera's axes [rad]."""
        return np.sqrt(np.diag(self.covariance)[3:6])

    @property
    def optics_std(self) -> np.ndarray:
        """Return those of the optics' free parameters [px] and [-]."""
        return np.sqrt(np.diag(self.covariance)[2 * _POSE :][: len(self.free.optics_numbers)])

    @property
    def offsets_std(self) -> np.ndarray:
        """Return those of the joints' offsets (J,) [rad]."""
        first = 2 * _POSE + len(self.free.optics_numbers)
        return np.sqrt(np.diag(self.covariance)[first:][: len(self.found.offsets)])

    @property
    def scale_std(self) -> float:
        """Return that of the board's scale; 0 where that was not free."""
        return float(np.sqrt(self.covariance[-1, -1])) if self.free.board_scale else 0.0


def calibrate_hand_eye(views: Sequence[RobotView], optics: Optics, free: Free | None = None) -> HandEye:
    """Estimate from views that are enough (`check_views`); those that contradict the others are left out and named.

    Raises ConfigError where they contradict each other so much that nothing is left.
    """
    free = free or Free()
    poses = [board_pose(view.corners, optics) for view in views]
    noise = float(np.median([px for _, px in poses])) / np.sqrt(2.0)
    known = _Before(optics, max(noise, CORNER_NOISE_MIN))
    estimate = _closed_form(views, [T for T, _ in poses], optics)
    weights, rough = np.ones(len(views)), Free(offsets=free.offsets)
    for _ in range(10):  # views that fit badly count less, and are found by that
        estimate = _solve(views, estimate, rough, known, weights)
        rms = np.array([one.rms for one in _blocks(views, estimate, rough)])
        limit = 1.5 * max(float(np.median(rms)), 1e-9)
        changed = np.minimum(1.0, (limit / np.maximum(rms, 1e-12)) ** 2)
        if np.abs(changed - weights).max() < 0.01:
            break
        weights = changed
    kept = rms <= max(OUTLIER * float(np.median(rms)), OUTLIER_PX)
    if kept.sum() < max(VIEWS_MIN, len(views) / 2):
        raise ConfigError(
            f"only {int(kept.sum())} of {len(views)} views agree with each other: were camera, board and robot's base "
            "fixed all the time, and did the arm rest at every picture?"
        )
    good = [view for view, keep in zip(views, kept, strict=True) if keep]
    estimate = _solve(good, estimate, free, known)
    blocks = _blocks(good, estimate, free)
    alone = [board_pose(view.corners, estimate.optics)[1] for view in good]
    return HandEye(
        found=estimate,
        covariance=covariance(blocks, known.weights(free, len(estimate.offsets)), known.noise),
        free=free,
        view_px={view.corners.name: one.rms for view, one in zip(good, blocks, strict=True)},
        alone_px=float(np.sqrt(np.mean(np.square(alone)))),
        left_out=tuple(view.corners.name for view, keep in zip(views, kept, strict=True) if not keep),
    )


def board_in_camera(view: RobotView, estimate: Estimate) -> np.ndarray:
    """Return T_camera_board (4, 4) that an estimate says of a view."""
    M = view.T_link_boardlink
    if len(estimate.offsets):
        M = motion(view.joint_twists @ estimate.offsets) @ M
    return inverse(estimate.T_link_camera) @ M @ estimate.T_boardlink_board


def _solve(
    views: Sequence[RobotView], start: Estimate, free: Free, known: _Before, weights: np.ndarray | None = None
) -> Estimate:
    if free.offsets and not len(start.offsets):
        start = dataclasses.replace(start, offsets=np.zeros(_joints(views)))
    return solve(
        start,
        lambda estimate: _blocks(views, estimate, free),
        lambda estimate, change: _moved(estimate, change, free),
        None if weights is None else weights.tolist(),
        known.weights(free, len(start.offsets)),
        lambda estimate: known.offset(estimate, free),
    )


def _blocks(views: Sequence[RobotView], estimate: Estimate, free: Free) -> list[Block]:
    return [_block(view, estimate, free) for view in views]


def _block(view: RobotView, estimate: Estimate, free: Free) -> Block:
    T = board_in_camera(view, estimate)
    scaled = Corners(view.corners.name, view.corners.size, estimate.scale * view.corners.board, view.corners.pixels)
    residual, by_motion = pose_block(scaled, estimate.optics, T)
    # X · motion(ξ) is motion(−ξ) before T, Z · motion(ξ) is T · motion(ξ) = motion(Ad_T ξ) · T
    columns = [-by_motion, by_motion @ adjoint(T)]
    if len(free.optics_numbers):
        points = scaled.board @ T[:3, :3].T + T[:3, 3]
        by_optics = estimate.optics.project(points)[2]
        columns.append(by_optics.reshape(len(residual), -1)[:, free.optics_numbers])
    if free.offsets:
        columns.append(by_motion @ adjoint(inverse(estimate.T_link_camera)) @ view.joint_twists)
    if free.board_scale:
        # a point of the board moves by R · b
        by_point = by_motion[:, :3].reshape(-1, 2, 3)
        columns.append(np.einsum("nij,nj->ni", by_point, view.corners.board @ T[:3, :3].T).reshape(-1, 1))
    return Block(residual, np.concatenate(columns, axis=1))


def _moved(estimate: Estimate, change: np.ndarray, free: Free) -> Estimate:
    optics, at = estimate.optics, 2 * _POSE
    numbers = free.optics_numbers
    if len(numbers):
        optics = optics.changed(numbers, change[at : at + len(numbers)])
        at += len(numbers)
    offsets = estimate.offsets
    if free.offsets:
        offsets = offsets + change[at : at + len(offsets)]
    return Estimate(
        estimate.T_link_camera @ motion(change[:_POSE]),
        estimate.T_boardlink_board @ motion(change[_POSE : 2 * _POSE]),
        optics,
        offsets,
        estimate.scale + (float(change[-1]) if free.board_scale else 0.0),
    )


def _joints(views: Sequence[RobotView]) -> int:
    count = views[0].joint_twists.shape[1]
    if not count:
        raise ConfigError("offsets of joints need the joints' positions of every view: these have poses of the tool")
    return count


def _closed_form(views: Sequence[RobotView], poses: Sequence[np.ndarray], optics: Optics) -> Estimate:
    """Return X and Z of M · Z = X · B: rotations by the largest singular vectors, then positions."""
    motions = [view.T_link_boardlink for view in views]
    K = sum(np.kron(B[:3, :3], M[:3, :3]) for M, B in zip(motions, poses, strict=True))
    U, _, Vt = np.linalg.svd(np.asarray(K))
    R_X, R_Z = (_rotation(vector.reshape(3, 3, order="F")) for vector in (U[:, 0], Vt[0]))
    # R_M t_Z − t_X = R_X t_B − t_M
    A = np.concatenate([np.concatenate([M[:3, :3], -np.eye(3)], axis=1) for M in motions])
    b = np.concatenate([R_X @ B[:3, 3] - M[:3, 3] for M, B in zip(motions, poses, strict=True)])
    places = np.linalg.lstsq(A, b, rcond=None)[0]
    X, Z = np.eye(4), np.eye(4)
    X[:3, :3], Z[:3, :3], Z[:3, 3], X[:3, 3] = R_X, R_Z, places[:3], places[3:]
    return Estimate(X, Z, optics)


def _rotation(matrix: np.ndarray) -> np.ndarray:
    """Return the rotation nearest to a multiple of one, of whichever sign."""
    U, _, Vt = np.linalg.svd(matrix * np.sign(np.linalg.det(matrix)))
    return U @ Vt
