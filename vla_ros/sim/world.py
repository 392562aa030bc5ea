# SPDX-License-Identifier: Apache-2.0
"""The simulated world: one robot, one scene, physics, cameras. Lengths [m], angles [rad], frames as T_base_x."""

from __future__ import annotations

import zlib

import mujoco
import numpy as np

from controllers.errors import ConfigError, VlaError, unknown_name
from vla_ros.objects.permeability import conductance
from vla_ros.policies.observation import CameraView
from vla_ros.robots.embodiment import Embodiment
from vla_ros.sim.cloth_bodies import add_cloths
from vla_ros.sim.contact_shading import shade_contacts
from vla_ros.sim.depth_noise import StereoDepth, StereoNoise
from vla_ros.sim.drives import ArmDrive, BaseDrive, GripperDrive, JointServo
from vla_ros.sim.fixture_bodies import add_fixtures
from vla_ros.sim.moving_bodies import MovingBodies
from vla_ros.sim.object_geoms import add_objects
from vla_ros.sim.pad_contacts import add_pad_contacts
from vla_ros.sim.rendering import Renderer
from vla_ros.sim.robot_model import robot_spec
from vla_ros.sim.scenes.scene import Scene, SceneCamera
from vla_ros.sim.suction.adhesion_cup import AdhesionCup
from vla_ros.sim.suction.cup import Cup
from vla_ros.sim.suction.piston import Piston
from vla_ros.sim.suction.suction_tool import SuctionTool
from vla_ros.sim.surroundings import add_surroundings

_SETTLE_MAX = 3.0  # [s]
_SETTLE_QUIET = 0.15  # [s] everything must have been slow for so long
_SETTLED_SPEED = 0.005  # [m/s], [rad/s]
_MICROSECONDS = 1e6
# After which MuJoCo puts everything back to where the model has it, at time 0, and goes on.
_UNSTABLE = slice(mujoco.mjtWarning.mjWARN_BADQPOS.value, mujoco.mjtWarning.mjWARN_BADQACC.value + 1)


class World:
    """Simulate a scene and the robot in it; the same scene and commands give the same bits.

    Commands stay in force until replaced, as those of ros2_control's controllers do. The arm starts in a position
    hold at the scene's `arm_start`, or at home. Raises ConfigError for a time step or a command that makes no sense,
    VlaError where the physics diverges.
    """

    def __init__(
        self,
        scene: Scene,
        embodiment: Embodiment,
        timestep: float = 0.001,
        settle: bool = True,
        shadows: bool = False,
    ) -> None:
        """Build and settle the world.

        `timestep` [s]; `settle=False` for a World that only draws another's render states; `shadows` draws cast
        shadows, for pictures to show: three times the price of a frame without a graphics card.
        """
        if not 1e-4 <= timestep <= 5e-3:
            raise ConfigError(f"timestep must be 0.0001 to 0.005 s, got {timestep}")
        self.scene = scene
        self.embodiment = embodiment
        self.model = build_model(scene, embodiment, timestep, shadows)
        self._shadows = shadows
        self._glass = any(placed.model.opacity < 1.0 for placed in scene.objects)
        self.data = mujoco.MjData(self.model)
        self._unstable = self.data.warning.number[_UNSTABLE]  # (3,) how often q, dq, ddq were no numbers
        self.bodies = MovingBodies(self.model, self.data, scene)
        self.object_names = self.bodies.objects
        groups = (self.model, self.data)
        self.arms = {arm.name: ArmDrive(*groups, embodiment, arm) for arm in embodiment.arms}
        self.joint_groups = {group.name: JointServo(*groups, group) for group in embodiment.joint_groups}
        self.grippers = {gripper.name: GripperDrive(*groups, gripper) for gripper in embodiment.grippers}
        leaks = {self.model.body(one.name).id: conductance(one.model.category) for one in scene.objects}
        self.suction_tools = [SuctionTool(*groups, mount, leaks) for mount in embodiment.mounts if mount.cups]
        self.cups: dict[str, Cup] = {name: cup for tool in self.suction_tools for name, cup in tool.cups.items()}
        for one in embodiment.suction_tools:
            self.cups |= {cup: AdhesionCup(*groups, cup) for cup in one.cups if cup not in self.cups}
        self.pistons = {
            part: Piston(*groups, joints, one.piston_speed)
            for one in embodiment.end_effectors
            for part, joints in one.piston_joints.items()
        }
        self.base = None if embodiment.base is None else BaseDrive(*groups, embodiment.base)
        self._driven: list[ArmDrive | JointServo] = [*self.arms.values(), *self.joint_groups.values()]
        self._setpoints = [*self._driven, *self.grippers.values(), *self.pistons.values()]
        self._renderer: Renderer | None = None
        self._stereo: dict[str, StereoDepth] = {}
        self._place_robot()
        self.bodies.place(scene)
        if settle:
            self._settle()
        mujoco.mj_forward(self.model, self.data)
        self._poses_are_current = True

    # -- measured state ------------------------------------------------------------------------------------------
    @property
    def time(self) -> float:
        """Simulated time [s]; 0 when everything has settled."""
        return self.data.time

    @property
    def timestep(self) -> float:
        """Physics step [s]."""
        return self.model.opt.timestep

    @property
    def q(self) -> np.ndarray:
        """Joint positions (N,) [rad], [m] of all groups that are driven by their joints, arms first."""
        return np.concatenate([group.q for group in self._driven])

    @property
    def dq(self) -> np.ndarray:
        """Joint velocities (N,) [rad/s], [m/s] in the same order."""
        return np.concatenate([group.dq for group in self._driven])

    @property
    def effort(self) -> np.ndarray:
        """What the motors applied in the last step (N,) [N·m], [N], without gravity, in the same order."""
        return np.concatenate([group.effort for group in self._driven])

    @property
    def arm(self) -> ArmDrive:
        """Return the arm of a robot that has one alone."""
        (arm,) = self.arms.values()
        return arm

    @property
    def gripper(self) -> GripperDrive:
        """Return the gripper of a robot that has one alone."""
        (gripper,) = self.grippers.values()
        return gripper

    @property
    def gripper_width(self) -> float:
        """Opening between the fingers of the one gripper [m]."""
        return self.gripper.width

    # -- commands ------------------------------------------------------------------------------------------------
    def command_effort(self, effort: np.ndarray) -> None:
        """Apply torques (N,) [N·m] without gravity to the one arm, clamped to the motors' limits."""
        self.arm.command_effort(effort)

    def command_position(self, q: np.ndarray, stream: bool = False) -> None:
        """Have the one arm hold q (N,) [rad], approached at its speed limits; stiffly as one of a `stream`."""
        self.arm.command_position(q, stream)

    def command_pose(self, pose: np.ndarray) -> None:
        """Pull the one arm's tool to `pose` (7,), position [m] and quaternion xyzw, as a driver's impedance does."""
        self.arm.command_pose(pose)

    def command_gripper(self, width: float) -> None:
        """Drive the one gripper's opening towards `width` [m] at its speed and with at most its force."""
        self.gripper.command(width)

    def step(self, count: int = 1) -> None:
        """Advance the physics by `count` time steps. Raises VlaError where they diverge."""
        self._poses_are_current = False
        begun = self.data.time
        while count > 0:
            moved = [drive.advance() for drive in self._setpoints]
            if self.base is not None:
                moved.append(self.base.advance())
            due = [left for tool in self.suction_tools if (left := tool.steps_left) is not None]
            stride = 1 if any(moved) else min([count, *due])
            mujoco.mj_step(self.model, self.data, stride)
            count -= stride
            for tool in self.suction_tools:
                tool.advance(stride)
        self._check_stable(begun)

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
        self._poses_are_current = False

    # -- sensors -------------------------------------------------------------------------------------------------
    def observe_camera(self, name: str, with_depth: bool = True) -> CameraView:
        """Expose one camera now: true optics and pose, noisy depth where it is wanted, published calibration."""
        camera = self.camera(name)
        color, depth = self.render_camera(name)
        if with_depth and self._glass:
            assert self._renderer is not None
            depth = self._renderer.render_behind_glass(self.data, self.model.camera(name).id)
        return CameraView(
            name=name,
            stamp=self.time,
            color=color,
            depth=self._measured(camera, depth) if with_depth else None,
            intrinsics=camera.intrinsics,
            T_base_camera=camera.T_base_camera_published,
        )

    def _measured(self, camera: SceneCamera, depth: np.ndarray) -> np.ndarray:
        """Return a true depth image (H, W) [m] as a stereo camera measures it."""
        name = camera.name
        if name not in self._stereo:
            height, width = depth.shape
            self._stereo[name] = StereoDepth(StereoNoise(), height, width, float(camera.intrinsics[0, 0]))
        # Seeded by scene, camera and time: a World in another process that renders this instant sees the same noise.
        words = f"{self.scene.stream}/{self.scene.set_name}/{name}".encode()
        seed = (self.scene.seed, zlib.crc32(words), round(self.time * _MICROSECONDS))
        return self._stereo[name].measure(depth, seed)

    def camera(self, name: str) -> SceneCamera:
        """Return a camera as it stands now, true pose and published one. Raises ConfigError for an unknown name."""
        for camera in self.scene.cameras:
            if camera.name == name:
                return camera if self.base is None else camera.seen_from(self.base.T_odom_base)
        for mounted in self.scene.mounted:
            if mounted.name == name:
                return mounted.at(self.body_pose(mounted.body))
        raise ConfigError(unknown_name("camera", name, self.scene.camera_names))

    def render_camera(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Return colour (H, W, 3) uint8 and true depth (H, W) float32 [m] of a camera of the scene."""
        if self._renderer is None:
            self._renderer = Renderer(self.model, *_image_size(self.scene))
        self._update_poses()
        color, depth = self._renderer.render(self.data, self.model.camera(name).id)
        return (color if self._shadows else shade_contacts(color, depth)), depth

    # -- truth ---------------------------------------------------------------------------------------------------
    @property
    def T_base_ee(self) -> np.ndarray:
        """Pose of the one arm's tool frame (4, 4)."""
        (arm,) = self.arms
        return self.tool_pose(arm)

    def tool_pose(self, arm: str) -> np.ndarray:
        """Return T_base_ee (4, 4) of an arm."""
        return self.body_pose(self.embodiment.arm(arm).tool_frame)

    def object_pose(self, name: str) -> np.ndarray:
        """Return T_base_object (4, 4)."""
        if name not in self.object_names:
            raise ConfigError(unknown_name("object", name, self.object_names))
        return self.body_pose(name)

    def body_pose(self, name: str) -> np.ndarray:
        """Return T_base_body (4, 4) of any body of the model."""
        self._update_poses()
        return self.last_pose(name)

    def last_pose(self, name: str) -> np.ndarray:
        """Return T_base_body (4, 4) as the last physics step left it: at its beginning, and for nothing."""
        body = self.data.body(name)
        T_world_body = np.eye(4)
        T_world_body[:3, :3] = body.xmat.reshape(3, 3)
        T_world_body[:3, 3] = body.xpos
        return T_world_body if self.base is None else np.linalg.inv(self.base.T_odom_base) @ T_world_body

    def in_odom(self, T_base_body: np.ndarray) -> np.ndarray:
        """Return T_odom_body (4, 4) of a pose in the base: in the frame in which the robot was put down."""
        return T_base_body if self.base is None else self.base.T_odom_base @ T_base_body

    def joint_position(self, name: str) -> float:
        """Return where a fixture's joint, `<fixture>/<joint>`, is [rad], [m]."""
        return self.bodies.joint_position(name)

    def cloth_vertices(self, name: str) -> np.ndarray:
        """Return where a cloth's vertices are (V, 3) [m], base frame."""
        self._update_poses()
        return self.last_vertices(name)

    def last_vertices(self, name: str) -> np.ndarray:
        """Return a cloth's vertices (V, 3) [m], base frame, as the last physics step left them: at its beginning."""
        vertices = self.bodies.vertices(name)
        if self.base is None:
            return vertices
        T_odom_base = self.base.T_odom_base
        return (vertices - T_odom_base[:3, 3]) @ T_odom_base[:3, :3]

    def objects_in_contact(self, body_names: tuple[str, ...]) -> set[str]:
        """Name the scene's rigid objects that touch any of these bodies."""
        wanted = {self.model.body(name).id for name in body_names}
        touching = set()
        pairs = self.data.contact.geom[: self.data.ncon]
        for one, other in self.model.geom_bodyid[pairs[(pairs >= 0).all(axis=1)]]:  # -1: a cloth's
            for body, partner in ((one, other), (other, one)):
                if body in wanted and partner in self.bodies.object_of_body:
                    touching.add(self.bodies.object_of_body[partner])
        return touching

    def close(self) -> None:
        """Free what the graphics driver holds."""
        if self._renderer is not None:
            self._renderer.close()
            self._renderer = None

    # -- set-up --------------------------------------------------------------------------------------------------
    def _place_robot(self) -> None:
        start = self.scene.arm_start
        for arm in self.embodiment.arms:
            self.arms[arm.name].place(arm.home if start is None else np.array(start))
        for group in self.embodiment.joint_groups:
            self.joint_groups[group.name].place(group.home)
        for gripper in self.embodiment.grippers:
            self.grippers[gripper.name].place(gripper.width_max)

    def _settle(self) -> None:
        """Let everything come to rest before time 0, the robot held where it starts."""
        moving = self.bodies.dof
        quiet, stride, begun = 0.0, 0.05, 0.0
        while self.data.time < _SETTLE_MAX and quiet < _SETTLE_QUIET:
            mujoco.mj_step(self.model, self.data, round(stride / self.timestep))
            self._check_stable(begun)
            begun = self.data.time
            fastest = np.abs(self.data.qvel[moving]).max(initial=0.0)
            quiet = quiet + stride if fastest < _SETTLED_SPEED else 0.0
        self.data.qvel[moving] = 0.0
        self.data.time = 0.0
        self._place_robot()

    def _check_stable(self, begun: float) -> None:
        """Raise VlaError where the steps from `begun` [s] on have diverged."""
        if self._unstable.any():
            raise VlaError(
                f"the physics diverged after {begun:g} s of scene {self.scene.seed}: take shorter time steps (now "
                f"{1e3 * self.timestep:g} ms), or give the robot's and the objects' descriptions masses and inertias "
                "that are not so small"
            )

    def _update_poses(self) -> None:
        # A physics step leaves positions at its end but body poses at its beginning.
        if not self._poses_are_current:
            mujoco.mj_kinematics(self.model, self.data)
            mujoco.mj_comPos(self.model, self.data)
            mujoco.mj_flex(self.model, self.data)
            mujoco.mj_camlight(self.model, self.data)
            self._poses_are_current = True


def build_model(
    scene: Scene, embodiment: Embodiment, timestep: float, shadows: bool = False, paired: bool = True
) -> mujoco.MjModel:
    """Compile robot, surroundings (cameras and lamps included) and bodies into one model.

    Not `paired`: pads and objects touch by their contact bits as all else, for who sets those and asks what touches.
    """
    spec = robot_spec(embodiment)
    spec.option.timestep = timestep
    spec.option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    # Elliptic cones with a high impedance ratio keep a grasp from creeping without any sticky force.
    spec.option.cone = mujoco.mjtCone.mjCONE_ELLIPTIC
    spec.option.impratio = 10.0
    add_surroundings(spec, scene, shadows, pedestal=embodiment.base is None)
    add_objects(spec, scene)
    if paired:
        add_pad_contacts(spec, scene)
    add_fixtures(spec, scene)
    add_cloths(spec, scene)
    spec.visual.global_.offwidth, spec.visual.global_.offheight = _image_size(scene)
    return spec.compile()


def _image_size(scene: Scene) -> tuple[int, int]:
    """Return the width and height of the cameras' images [px]: one off-screen buffer serves them all."""
    sizes = {camera.size for camera in scene.cameras} | {camera.size for camera in scene.mounted}
    if len(sizes) != 1:
        raise ConfigError(f"a scene's cameras must share one image size, got {sorted(sizes) or 'no camera'}")
    return sizes.pop()
