# SPDX-License-Identifier: Apache-2.0
"""The simulated world: one robot, one scene, physics, cameras. Lengths [m], angles [rad], frames as T_base_x."""

from __future__ import annotations

import zlib

from vla_ros.sim import rendering  # first: it chooses MuJoCo's OpenGL backend

import mujoco  # isort: skip
import numpy as np

from controllers.errors import ConfigError, unknown_name
from vla_ros.policies.observation import CameraView
from vla_ros.robots.embodiment import Embodiment
from vla_ros.sim.cameras import add_cameras
from vla_ros.sim.depth_noise import StereoNoise, noisy_depth
from vla_ros.sim.object_geoms import add_objects
from vla_ros.sim.robot_model import robot_spec
from vla_ros.sim.scene import Scene
from vla_ros.sim.surroundings import add_surroundings

# Joint stiffness and damping of the position hold: Franka's own joint impedance example [N·m/rad], [N·m·s/rad].
_HOLD_STIFFNESS = np.array([600.0, 600.0, 600.0, 600.0, 250.0, 150.0, 50.0])
_HOLD_DAMPING = np.array([50.0, 50.0, 50.0, 50.0, 25.0, 15.0, 8.0])
_SETTLE_MAX = 3.0  # [s]
_SETTLED_SPEED = 0.005  # [m/s], [rad/s]
_MICROSECONDS = 1e6


class World:
    """Simulate a scene and the robot in it; the same scene and commands give the same bits.

    Commands stay in force until replaced, as those of ros2_control's controllers do. Raises ConfigError for a
    time step or a command that makes no sense.
    """

    def __init__(self, scene: Scene, embodiment: Embodiment, timestep: float = 0.001, settle: bool = True) -> None:
        if not 1e-4 <= timestep <= 5e-3:
            raise ConfigError(f"timestep must be 0.0001 to 0.005 s, got {timestep}")
        self.scene = scene
        self.embodiment = embodiment
        self._arm, self._gripper = embodiment.arms[0], embodiment.grippers[0]
        self.model = _build_model(scene, embodiment, timestep)
        self.data = mujoco.MjData(self.model)
        self._index()
        self._camera: rendering.Camera | None = None
        self._reset()
        if settle:
            self._settle()

    # -- measured state ------------------------------------------------------------------------------------------
    @property
    def time(self) -> float:
        """Simulated time [s]; 0 when the objects have settled."""
        return self.data.time

    @property
    def timestep(self) -> float:
        return self.model.opt.timestep

    @property
    def q(self) -> np.ndarray:
        """Arm joint positions (N,) [rad]."""
        return self.data.qpos[self._arm_qpos].copy()

    @property
    def dq(self) -> np.ndarray:
        """Arm joint velocities (N,) [rad/s]."""
        return self.data.qvel[self._arm_dof].copy()

    @property
    def effort(self) -> np.ndarray:
        """Torques the arm's motors applied in the last step (N,) [N·m], without gravity."""
        return self.data.actuator_force[self._arm_actuator].copy()

    @property
    def finger_positions(self) -> np.ndarray:
        """Positions of the finger joints [m]."""
        return self.data.qpos[self._finger_qpos].copy()

    @property
    def gripper_width(self) -> float:
        """Opening between the fingers [m]."""
        return float(self.data.qpos[self._finger_qpos].sum())

    @property
    def gripper_velocity(self) -> float:
        """Rate of the opening [m/s]."""
        return float(self.data.qvel[self._finger_dof].sum())

    @property
    def gripper_force(self) -> float:
        """Force the gripper drive applies, negative when closing [N]."""
        return float(self.data.actuator_force[self._gripper_actuator])

    # -- commands ------------------------------------------------------------------------------------------------
    def command_effort(self, effort: np.ndarray) -> None:
        """Apply torques (N,) [N·m] without gravity, clamped to the motors' limits, until the next command."""
        self._use_motors()
        self.data.ctrl[self._arm_actuator] = self._checked(effort, "effort")

    def command_position(self, q: np.ndarray) -> None:
        """Hold joint positions (N,) [rad] with the world's own controller, approached at the joint speed limits."""
        target = np.clip(self._checked(q, "position"), self._arm.lower, self._arm.upper)
        if not self._holding:
            self._use_position_hold()
            self.data.ctrl[self._arm_actuator] = self.data.qpos[self._arm_qpos]
        self._q_target = target

    def command_gripper(self, width: float) -> None:
        """Drive the opening towards `width` [m] at the gripper's speed and with at most its force."""
        if not np.isfinite(width):
            raise ConfigError(f"gripper width must be finite, got {width}")
        target = float(np.clip(width, self._gripper.width_min, self._gripper.width_max))
        if target == self._width_target:
            return
        self._width_target = target
        # The setpoint runs ahead of fingers that press on something; a new command starts where the fingers are.
        setpoint, lead = self.data.ctrl[self._gripper_actuator], self._gripper_lead
        self.data.ctrl[self._gripper_actuator] = np.clip(
            setpoint, max(self.gripper_width - lead, self._gripper.width_min), self.gripper_width + lead
        )

    # -- time ----------------------------------------------------------------------------------------------------
    def step(self, count: int = 1) -> None:
        """Advance the physics by `count` time steps."""
        while count > 0 and self._advance_setpoints():
            mujoco.mj_step(self.model, self.data)
            count -= 1
        if count > 0:
            mujoco.mj_step(self.model, self.data, count)

    def _advance_setpoints(self) -> bool:
        """Move the setpoints one time step towards their targets; return whether either moved."""
        ctrl, moved = self.data.ctrl, False
        gap = self._width_target - ctrl[self._gripper_actuator]
        if gap != 0.0:
            stride = self._gripper.speed * self.timestep
            ctrl[self._gripper_actuator] = (
                self._width_target if abs(gap) <= stride else ctrl[self._gripper_actuator] + np.copysign(stride, gap)
            )
            moved = True
        if self._holding:
            gaps = self._q_target - ctrl[self._arm_actuator]
            if gaps.any():
                stride = self._arm.velocity * self.timestep
                near = np.abs(gaps) <= stride
                ctrl[self._arm_actuator] += np.clip(gaps, -stride, stride)
                ctrl[self._arm_actuator] = np.where(near, self._q_target, ctrl[self._arm_actuator])
                moved = True
        return moved

    # -- a second process renders what the first simulates ---------------------------------------------------------
    def render_state(self) -> np.ndarray:
        """Return [time, qpos…]: all that a World of the same scene needs to draw this instant."""
        return np.concatenate([[self.data.time], self.data.qpos])

    def apply_render_state(self, state: np.ndarray) -> None:
        """Place everything as `render_state` of a World of the same scene said."""
        state = np.asarray(state, dtype=np.float64)
        if state.shape != (1 + self.model.nq,):
            raise ConfigError(
                f"render state has {state.size} numbers, this scene needs {1 + self.model.nq}: "
                "start both processes with the same robot, set, seed, stream, categories and objects"
            )
        self.data.time = state[0]
        self.data.qpos[:] = state[1:]
        self._update_poses()

    # -- sensors -------------------------------------------------------------------------------------------------
    def observe_camera(self, name: str) -> CameraView:
        """Expose one camera now: true optics and pose, noisy depth, published calibration."""
        cameras = {camera.name: camera for camera in self.scene.cameras}
        if name not in cameras:
            raise ConfigError(unknown_name("camera", name, cameras))
        camera = cameras[name]
        color, depth = self.render_camera(name)
        intrinsics = camera.intrinsics
        seed = (self.scene.seed, zlib.crc32(name.encode()), round(self.time * _MICROSECONDS))
        return CameraView(
            name=name,
            stamp=self.time,
            color=color,
            depth=noisy_depth(depth, float(intrinsics[0, 0]), seed, StereoNoise()),
            intrinsics=intrinsics,
            T_base_camera=camera.T_base_camera_published,
        )

    def render_camera(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Return colour (H, W, 3) uint8 and true depth (H, W) float32 [m] of a camera of the scene."""
        if self._camera is None:
            self._camera = rendering.Camera(self.model, *self.scene.cameras[0].size)
        return self._camera.render(self.data, self.model.camera(name).id)

    # -- truth ---------------------------------------------------------------------------------------------------
    def body_pose(self, name: str) -> np.ndarray:
        """Return T_base_body (4, 4) of any body of the model."""
        body = self.data.body(name)
        T_base_body = np.eye(4)
        T_base_body[:3, :3] = body.xmat.reshape(3, 3)
        T_base_body[:3, 3] = body.xpos
        return T_base_body

    def object_pose(self, name: str) -> np.ndarray:
        """Return T_base_object (4, 4)."""
        if name not in self.object_names:
            raise ConfigError(unknown_name("object", name, self.object_names))
        return self.body_pose(name)

    @property
    def T_base_ee(self) -> np.ndarray:
        """Return the pose of the tool frame (4, 4)."""
        return self.body_pose(self._arm.tool_frame)

    def objects_in_contact(self, body_names: tuple[str, ...]) -> set[str]:
        """Name the scene's objects that touch any of these bodies."""
        wanted = {self.model.body(name).id for name in body_names}
        contacts = self.data.contact.geom[: self.data.ncon]
        bodies = self.model.geom_bodyid[contacts]
        touching = set()
        for first, second in bodies:
            for one, other in ((first, second), (second, first)):
                if one in wanted and other in self._object_of_body:
                    touching.add(self._object_of_body[other])
        return touching

    def close(self) -> None:
        """Free the renderer."""
        if self._camera is not None:
            self._camera.close()
            self._camera = None

    # -- set-up --------------------------------------------------------------------------------------------------
    def _index(self) -> None:
        model = self.model
        self._arm_qpos = np.array([model.joint(name).qposadr[0] for name in self._arm.joints])
        self._arm_dof = np.array([model.joint(name).dofadr[0] for name in self._arm.joints])
        self._arm_actuator = np.array([model.actuator(name).id for name in self._arm.joints])
        self._finger_qpos = np.array([model.joint(name).qposadr[0] for name in self._gripper.joints])
        self._finger_dof = np.array([model.joint(name).dofadr[0] for name in self._gripper.joints])
        self._gripper_actuator = model.actuator(self._gripper.name).id
        self._gripper_lead = self._gripper.force / model.actuator_gainprm[self._gripper_actuator, 0]
        self.object_names = tuple(placed.name for placed in self.scene.objects)
        self._object_of_body = {model.body(name).id: name for name in self.object_names}
        self._object_dof = np.flatnonzero(np.isin(model.dof_bodyid, list(self._object_of_body)))

    def _reset(self) -> None:
        start = self._arm.home if self.scene.arm_start is None else np.asarray(self.scene.arm_start)
        mujoco.mj_resetData(self.model, self.data)
        self.data.qpos[self._arm_qpos] = start
        self.data.qpos[self._finger_qpos] = self._gripper.width_max / len(self._finger_qpos)
        self._use_position_hold()
        self._q_target = start.copy()
        self.data.ctrl[self._arm_actuator] = start
        self._width_target = self._gripper.width_max
        self.data.ctrl[self._gripper_actuator] = self._width_target
        mujoco.mj_forward(self.model, self.data)

    def _settle(self) -> None:
        """Let the objects come to rest before time 0, the arm held where it starts."""
        robot_qpos = np.concatenate([self._arm_qpos, self._finger_qpos])
        robot_dof = np.concatenate([self._arm_dof, self._finger_dof])
        start = self.data.qpos[robot_qpos].copy()
        quiet, stride = 0.0, 0.05
        while self.data.time < _SETTLE_MAX and quiet < 0.15:
            mujoco.mj_step(self.model, self.data, round(stride / self.timestep))
            speed = np.abs(self.data.qvel[self._object_dof]).max(initial=0.0)
            quiet = quiet + stride if speed < _SETTLED_SPEED else 0.0
        self.data.qpos[robot_qpos] = start
        self.data.qvel[robot_dof] = 0.0
        self.data.qvel[self._object_dof] = 0.0
        self.data.time = 0.0
        mujoco.mj_forward(self.model, self.data)

    def _use_motors(self) -> None:
        self._holding = False
        self.model.actuator_gainprm[self._arm_actuator, 0] = 1.0
        self.model.actuator_biasprm[self._arm_actuator, :3] = 0.0

    def _use_position_hold(self) -> None:
        self._holding = True
        self.model.actuator_gainprm[self._arm_actuator, 0] = _HOLD_STIFFNESS
        self.model.actuator_biasprm[self._arm_actuator, 1] = -_HOLD_STIFFNESS
        self.model.actuator_biasprm[self._arm_actuator, 2] = -_HOLD_DAMPING

    def _update_poses(self) -> None:
        mujoco.mj_kinematics(self.model, self.data)
        mujoco.mj_comPos(self.model, self.data)
        mujoco.mj_camlight(self.model, self.data)

    def _checked(self, values: np.ndarray, what: str) -> np.ndarray:
        values = np.asarray(values, dtype=np.float64)
        if values.shape != (len(self._arm.joints),) or not np.isfinite(values).all():
            raise ConfigError(f"{what} command must be {len(self._arm.joints)} finite numbers, got {values}")
        return values


def _build_model(scene: Scene, embodiment: Embodiment, timestep: float) -> mujoco.MjModel:
    spec = robot_spec(embodiment)
    spec.option.timestep = timestep
    spec.option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    # Elliptic cones with a high impedance ratio keep a grasp from creeping without any sticky force.
    spec.option.cone = mujoco.mjtCone.mjCONE_ELLIPTIC
    spec.option.impratio = 10.0
    add_surroundings(spec, scene)
    add_objects(spec, scene)
    add_cameras(spec, scene.cameras)
    rendering.prepare_for_rendering(spec, *scene.cameras[0].size)
    return spec.compile()
