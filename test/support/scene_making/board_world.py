# SPDX-License-Identifier: Apache-2.0
"""A printed board before a simulated robot's camera: on the table for one on the hand, in the hand for one that stands.

Pictures are rendered at twice their size and averaged, then blurred and made noisy as a colour camera's are.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import mujoco
import numpy as np
from scipy.spatial.transform import Rotation

from vla_ros.calibration.board import CharucoBoard
from vla_ros.calibration.motions import inverse, motion, rotation_vector
from vla_ros.calibration.optics import Optics, pinhole
from vla_ros.calibration.pictures import Picture
from vla_ros.robots.cameras import look_at
from vla_ros.robots.embodiment import Embodiment
from vla_ros.sim.rendering import Renderer
from vla_ros.sim.robot_model import robot_spec

WIDTH, HEIGHT, OVERSAMPLING = 640, 480, 2
MARGIN = 0.01  # [m] of white paper around the squares
BLUR_PX, NOISE = (
    1.0,
    4.0,
)  # standard deviations: of the lens [px], of a grey level of 255 (RealSense D435, colour, indoors)
_OPTICAL = np.diag([1.0, -1.0, -1.0])  # MuJoCo's cameras look along −z with y up


@dataclass(frozen=True, eq=False)
class SetUp:
    """What is true of one simulated calibration."""

    T_link_camera: np.ndarray  # (4, 4)
    T_boardlink_board: np.ndarray  # (4, 4)
    optics: Optics
    pictures: list[Picture]
    bias: np.ndarray  # (J,) [rad] what each joint says too much


class BoardWorld:
    """A robot, a camera and a board, rendered."""

    def __init__(self, robot: Embodiment, board: CharucoBoard, on_hand: bool, fovy: float) -> None:
        """Build it; `on_hand`: the camera moves and the board lies on the table, else the other way round."""
        self.board, self._arm, self._on_hand = board, robot.only_arm, on_hand
        spec = robot_spec(robot)
        spec.visual.quality.offsamples, spec.visual.quality.shadowsize = 0, 0
        spec.visual.map.znear, spec.visual.map.zfar, spec.stat.extent = 0.01, 20.0, 1.0
        spec.visual.headlight.ambient, spec.visual.headlight.diffuse = [0.55] * 3, [0.35] * 3
        spec.visual.headlight.specular = [0.0] * 3
        spec.visual.global_.offwidth, spec.visual.global_.offheight = OVERSAMPLING * WIDTH, OVERSAMPLING * HEIGHT
        hand = spec.body(self._arm.tool_frame)
        _add_board(spec, spec.worldbody if on_hand else hand, board)
        (hand if on_hand else spec.worldbody).add_camera(name="camera", fovy=fovy)
        grey = spec.add_material(name="table", rgba=[0.45, 0.4, 0.36, 1.0], specular=0.0)
        spec.worldbody.add_geom(
            type=mujoco.mjtGeom.mjGEOM_PLANE, size=[3, 3, 0.1], pos=[0, 0, -0.012], material=grey.name
        )
        self.model = spec.compile()
        self._data = mujoco.MjData(self.model)
        self._renderer = Renderer(self.model, OVERSAMPLING * WIDTH, OVERSAMPLING * HEIGHT)
        focal = 0.5 * HEIGHT / np.tan(0.5 * np.radians(fovy))
        middle = ((WIDTH - 1) / 2, (HEIGHT - 1) / 2)
        self.optics = pinhole(np.array([[focal, 0, middle[0]], [0, focal, middle[1]], [0, 0, 1]]), (WIDTH, HEIGHT))
        self._columns = [self.model.joint(joint).dofadr[0] for joint in self._arm.joints]
        self._places = [self.model.joint(joint).qposadr[0] for joint in self._arm.joints]
        self._limits = np.array([self.model.joint(joint).range for joint in self._arm.joints])

    def set_up(self, views: int, rng: np.random.Generator, bias: float = 0.0) -> SetUp:
        """Draw where camera and board are and take pictures of `views` poses of the arm.

        `bias` [rad] is the standard deviation of what each joint says too much, the same in every picture.
        """
        X, Z = self._mounts(rng)
        self._place("board", Z)
        self._place_camera(X)
        told = rng.normal(0.0, bias, len(self._arm.joints)) if bias else np.zeros(len(self._arm.joints))
        pictures: list[Picture] = []
        for _ in range(60 * views):
            q = self._solve(self._wanted_tool(X, Z, rng), rng)
            if q is None or not self._sees(X, Z, rng):
                continue
            joints = dict(zip(self._arm.joints, (q + told).tolist(), strict=True))
            pictures.append(Picture(f"{len(pictures):03d}.png", self._picture(rng), joints))
            if len(pictures) == views:
                return SetUp(X, Z, self.optics, pictures, told)
        raise RuntimeError(f"the arm reaches only {len(pictures)} of {views} views")

    def tool_pose(self) -> np.ndarray:
        """Return T_base_tool (4, 4) now."""
        body = self._data.body(self._arm.tool_frame)
        T = np.eye(4)
        T[:3, :3], T[:3, 3] = body.xmat.reshape(3, 3), body.xpos
        return T

    def _mounts(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        off = motion(np.concatenate([rng.normal(0.0, 0.01, 3), rng.normal(0.0, 0.1, 3)]))
        middle = np.eye(4)
        middle[:3, 3] = -self.board.corners.mean(axis=0)
        Z = np.eye(4)
        if self._on_hand:
            X = look_at(np.array([0.06, 0.0, -0.118]), np.array([0.07, 0.0, 0.1]), (1.0, 0.0, 0.0)) @ off
            Z[:3, :3] = Rotation.from_euler("zx", [rng.uniform(-np.pi, np.pi), np.pi]).as_matrix()
            Z[:3, 3] = [rng.uniform(0.42, 0.55), rng.uniform(-0.12, 0.12), rng.uniform(-0.01, 0.05)]
            return X, Z @ middle
        place = np.array([rng.uniform(1.05, 1.25), rng.uniform(-0.35, 0.35), rng.uniform(0.45, 0.7)])
        X = look_at(place, np.array([0.4, 0.0, 0.4])) @ off
        Z[:3, :3] = Rotation.from_euler("zx", [rng.uniform(-np.pi, np.pi), np.pi]).as_matrix()
        Z[:3, 3] = [0.0, 0.0, 0.03]
        return X, Z @ middle @ off

    def _wanted_tool(self, X: np.ndarray, Z: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        middle = self.board.corners.mean(axis=0)
        tilt = np.append(rng.normal(0.0, 0.35, 2), rng.uniform(-1.2, 1.2))
        T = np.eye(4)
        T[:3, :3] = (
            Rotation.from_rotvec([0.0, 0.0, tilt[2]]).as_matrix() @ Rotation.from_rotvec([*tilt[:2], 0.0]).as_matrix()
        )
        if self._on_hand:  # T_board_camera: before the sheet, that is at −z
            away = rng.uniform(0.28, 0.5)
            T[:3, 3] = middle + T[:3, :3] @ [*rng.uniform(-0.06, 0.06, 2), -away]
            return Z @ T @ inverse(X)
        away = rng.uniform(0.45, 0.8)
        center = np.array([*(away * rng.uniform(-0.22, 0.22, 2)), away])
        T[:3, 3] = center - T[:3, :3] @ middle
        return X @ T @ inverse(Z)

    def _solve(self, wanted: np.ndarray, rng: np.random.Generator) -> np.ndarray | None:
        q = np.array(self._arm.home) + rng.normal(0.0, 0.1, len(self._arm.joints))
        jacobian = np.zeros((6, self.model.nv))
        body = self.model.body(self._arm.tool_frame).id
        for _ in range(60):
            self._data.qpos[self._places] = q
            mujoco.mj_kinematics(self.model, self._data)
            mujoco.mj_comPos(self.model, self._data)
            T = self.tool_pose()
            error = np.concatenate([wanted[:3, 3] - T[:3, 3], rotation_vector(wanted[:3, :3] @ T[:3, :3].T)])
            if np.abs(error).max() < 1e-3:  # where exactly does not matter: the picture is of where it is
                mujoco.mj_forward(self.model, self._data)
                return q
            mujoco.mj_jacBody(self.model, self._data, jacobian[:3], jacobian[3:], body)
            J = jacobian[:, self._columns]
            step = J.T @ np.linalg.solve(J @ J.T + 1e-3 * np.eye(6), error)
            q = np.clip(q + step, self._limits[:, 0] + 0.02, self._limits[:, 1] - 0.02)
        return None

    def _sees(self, X: np.ndarray, Z: np.ndarray, rng: np.random.Generator) -> bool:
        T = self.tool_pose()
        T_camera_board = inverse(T @ X) @ Z if self._on_hand else inverse(X) @ T @ Z
        points = self.board.corners @ T_camera_board[:3, :3].T + T_camera_board[:3, 3]
        if points[:, 2].min() < 0.15:
            return False
        pixels = self.optics.project(points)[0]
        inside = ((pixels > 5) & (pixels < np.array(self.optics.size) - 6)).all(axis=1)
        return bool(inside.mean() > 0.6)

    def _picture(self, rng: np.random.Generator) -> np.ndarray:
        large, _ = self._renderer.render(self._data, self.model.camera("camera").id)
        small = cv2.resize(large, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA).astype(np.float32)
        soft = cv2.GaussianBlur(small, (0, 0), BLUR_PX)
        return np.clip(soft + rng.normal(0.0, NOISE, soft.shape), 0, 255).astype(np.uint8)

    def _place(self, body: str, T: np.ndarray) -> None:
        number = self.model.body(body).id
        self.model.body_pos[number] = T[:3, 3]
        mujoco.mju_mat2Quat(self.model.body_quat[number], np.ascontiguousarray(T[:3, :3]).ravel())

    def _place_camera(self, T: np.ndarray) -> None:
        number = self.model.camera("camera").id
        self.model.cam_pos[number] = T[:3, 3]
        mujoco.mju_mat2Quat(self.model.cam_quat[number], (T[:3, :3] @ _OPTICAL).ravel())


def _add_board(spec: mujoco.MjSpec, parent: mujoco.MjsBody, board: CharucoBoard) -> None:
    pixels = 100  # a square
    margin = round(MARGIN / board.square * pixels)
    drawn = cv2.copyMakeBorder(board.image(pixels), *[margin] * 4, cv2.BORDER_CONSTANT, value=255)
    height, width = drawn.shape
    texture = spec.add_texture(
        name="board", type=mujoco.mjtTexture.mjTEXTURE_2D, width=width, height=height, nchannel=3
    )
    texture.data = np.repeat(drawn[::-1, :, None], 3, axis=2).tobytes()  # its first row is the lowest
    material = spec.add_material(name="board", specular=0.0)
    material.textures[mujoco.mjtTextureRole.mjTEXROLE_RGB] = "board"
    edge = margin / pixels * board.square
    across, down = board.columns * board.square + edge, board.rows * board.square + edge
    thin = 1e-4
    corners = [(-edge, -edge, 0), (across, -edge, 0), (across, down, 0), (-edge, down, 0)]
    mesh = spec.add_mesh(name="board", inertia=mujoco.mjtMeshInertia.mjMESH_INERTIA_SHELL)
    mesh.uservert = [float(value) for corner in corners for value in corner] + [
        value for x, y, _ in corners for value in (float(x), float(y), thin)
    ]
    mesh.usertexcoord = [0, 1, 1, 1, 1, 0, 0, 0] * 2
    # The printed side looks along −z of the board frame, the back along z.
    mesh.userface = [0, 2, 1, 0, 3, 2, 4, 5, 6, 4, 6, 7]
    mesh.userfacetexcoord = [0, 2, 1, 0, 3, 2, 4, 5, 6, 4, 6, 7]
    body = parent.add_body(name="board")
    shape = body.add_geom(type=mujoco.mjtGeom.mjGEOM_MESH, meshname="board", material="board", group=1)
    shape.contype, shape.conaffinity, shape.mass = 0, 0, 0.0
