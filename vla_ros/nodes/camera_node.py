# SPDX-License-Identifier: Apache-2.0
"""The cameras: rendered from the simulator's state in a process of their own, played from files, or real ones."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
from builtin_interfaces.msg import Time
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray, String

from controllers.errors import ConfigError, VlaError
from vla_ros import messages, qos
from vla_ros.nodes.camera.calibrated_view import CalibratedViews
from vla_ros.nodes.camera.hardware_cameras import REALSENSE, HardwareCameras
from vla_ros.nodes.camera.image_files import open_images
from vla_ros.nodes.camera.publisher import CameraPublisher
from vla_ros.nodes.managed import ManagedNode
from vla_ros.nodes.memory import scene_made
from vla_ros.nodes.parameters import declare, declare_cameras, declare_robot
from vla_ros.nodes.sim.scene_choice import SceneChoice, announced_choice
from vla_ros.nodes.sim.scene_parameters import declare_scene
from vla_ros.nodes.spinning import run_node, serve_until_stopped, steady_timer
from vla_ros.nodes.transport import Transport
from vla_ros.policies.observation import CameraView
from vla_ros.robots.camera_calibration import load_calibration
from vla_ros.robots.embodiment import load_embodiment

if TYPE_CHECKING:
    from vla_ros.sim.world import World

REPORT_S = 1.0  # [s] between two reports of real cameras


class CameraNode(ManagedNode):
    """Publish what the cameras see; the simulator hears of each state that is drawn, and waits where that is slow."""

    def __init__(self) -> None:
        super().__init__("camera_node")
        self._source = declare(self, "source", "sim", "sim, realsense, a folder of images, or a video file")
        self._embodiment = declare_cameras(self, load_embodiment(declare_robot(self)))
        self._scene = declare_scene(self)
        self._rate = declare(self, "rate_hz", 10.0, "frames a second of a folder or a video", 0.1, 120.0)
        self._names = self._embodiment.cameras
        self._world: World | None = None
        self._hardware: HardwareCameras | None = None
        self._shown = ""  # label of the scene that is drawn
        self._waited_for = False  # the simulator knows that this scene is drawn here

    def configure(self) -> None:
        """Build the scene, or open the files, and create the cameras' topics."""
        self._frames, self._spent, self._reported = 0, 0.0, time.monotonic()
        if self._source == REALSENSE:
            self._open_hardware()
            return
        if self._source == "sim":
            self._open_scene()
        else:
            self._open_files()
        self._camera_publishers = {
            camera.name: CameraPublisher(
                self, camera.name, self._embodiment.base_frame, camera.moves, camera.depth, camera.calibrated
            )
            for camera in map(self._embodiment.camera, self._names)
        }

    def activate(self) -> None:
        """Draw from now on."""
        self._waited_for = False

    def cleanup(self) -> None:
        """Free the renderer, let go of the cameras."""
        if self._hardware is not None:
            self._hardware.close()
            self._hardware = None
        if self._world is not None:
            self._world.close()
            self._world = None

    # -- simulated -------------------------------------------------------------------------------------------------
    def _open_scene(self) -> None:
        self._show(self._scene)
        self.create_subscription(String, "sim/scene", self._on_scene, qos.LATCHED)
        self.create_subscription(Float64MultiArray, "sim/render_state", self._on_render_state, qos.EXPOSURES)
        self._drawn = self.create_publisher(Time, "sim/drawn", qos.DRAWN)

    def _show(self, scene: SceneChoice) -> None:
        from vla_ros.sim.world import World

        if self._world is not None:
            self._world.close()
        self._world, self._shown, self._waited_for = None, scene.label, False
        with scene_made():
            self._world = World(scene.draw(self._embodiment.source, self._names), self._embodiment, settle=False)
            for name in self._names:  # the first frame builds the renderer: before anyone waits for an image
                self._world.render_camera(name)

    def _on_scene(self, message: String) -> None:
        """Draw the scene that the simulator shows now."""
        scene = announced_choice(message.data)
        if scene is None or scene.label == self._shown:
            return
        try:
            self._show(scene)
        except VlaError as error:
            self.get_logger().error(f"the simulator's scene cannot be drawn: {error}")
            self.diagnose(messages.ERROR, str(error), {}, "camera")

    def _on_render_state(self, message: Float64MultiArray) -> None:
        if not self.active or messages.numbers_label(message) not in ("", self._shown):
            return  # of another scene: that it is shown now is about to be heard
        state = messages.numbers(message)
        if not len(state) or not 0.0 <= state[0] < messages.TIME_END:
            raise messages.MessageError("sim/render_state begins with no time")
        stamp = messages.stamp(float(state[0]))
        if not self._waited_for:  # said before the first picture is drawn, or the second one might be lost meanwhile
            self._waited_for = True
            self._drawn.publish(stamp)
        self._draw(state)
        self._drawn.publish(stamp)

    def _draw(self, state: np.ndarray) -> None:
        """Publish what the cameras see of a state of the simulator."""
        if self._world is None:
            return
        started = time.monotonic()
        try:
            self._world.apply_render_state(state)
        except ConfigError as error:  # another scene's, or nobody's
            self.diagnose(messages.ERROR, str(error), {}, "camera")
            raise messages.MessageError(str(error)) from None
        for name, publisher in self._camera_publishers.items():
            if publisher.wanted:
                publisher.publish(self._world.observe_camera(name, publisher.depth_wanted))
            else:  # a picture costs milliseconds: none is drawn that nobody would see
                camera = self._world.camera(name)
                T_base_camera = camera.T_base_camera_published
                publisher.publish_calibration(self._world.time, camera.size, camera.intrinsics, T_base_camera)
        self._count(time.monotonic() - started)

    # -- real ------------------------------------------------------------------------------------------------------
    def _open_hardware(self) -> None:
        self._hardware = HardwareCameras(self, self._embodiment)
        self._camera_publishers = self._hardware.publishers
        steady_timer(self, REPORT_S, self._report_hardware)

    def _report_hardware(self) -> None:
        if self._hardware is not None:
            self.diagnose(*self._hardware.report(REPORT_S), "camera")

    # -- files -----------------------------------------------------------------------------------------------------
    def _open_files(self) -> None:
        self._images = open_images(self._source)
        calibrated = [name for name in self._names if self._embodiment.camera(name).calibrated]
        self._views = {name: CalibratedViews(name, load_calibration(name), self._embodiment) for name in calibrated}
        self._joints: dict[str, float] | None = None
        if any(views.moves for views in self._views.values()):
            self._reader = messages.JointStateReader(self._embodiment.driven_joints)
            self.create_subscription(JointState, "joint_states", self._on_joint_state, qos.NEWEST)
        self.create_timer(1.0 / self._rate, self._play)

    def _on_joint_state(self, message: JointState) -> None:
        sample = self._reader.read(message)
        if sample is not None:  # others say where other joints are on the same topic
            self._joints = dict(zip(self._reader.joints, sample.position.tolist(), strict=True))

    def _play(self) -> None:
        if not self.active:
            return
        started = time.monotonic()
        color, depth = next(self._images)
        stamp = self.get_clock().now().nanoseconds * 1e-9
        for name, publisher in self._camera_publishers.items():
            views = self._views.get(name)
            if views is None:
                publisher.publish(CameraView(name, stamp, color, depth))
            else:
                publisher.publish(views.view(stamp, color, depth, self._joints))
        self._count(time.monotonic() - started)

    # --------------------------------------------------------------------------------------------------------------
    def _count(self, spent: float) -> None:
        self._frames += 1
        self._spent += spent
        now = time.monotonic()
        if now - self._reported < 1.0:
            return
        values = {
            "frames_per_s": f"{self._frames / (now - self._reported):.2f}",
            "ms_per_frame": f"{1e3 * self._spent / self._frames:.1f}",
        }
        self.diagnose(messages.OK, f"{len(self._camera_publishers)} cameras", values, "camera")
        self._frames, self._spent, self._reported = 0, 0.0, now


def main() -> int:
    """Run the node."""
    return run_node("camera", serve_until_stopped(CameraNode), Transport.IMAGES_OUT)


if __name__ == "__main__":
    raise SystemExit(main())
