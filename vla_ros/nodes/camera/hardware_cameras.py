# SPDX-License-Identifier: Apache-2.0
"""A robot's real cameras: each read and published in a thread of its own."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from functools import partial

from sensor_msgs.msg import JointState

from controllers.errors import ConfigError, VlaError
from vla_ros import messages, qos
from vla_ros.hardware.cameras.reader import CameraReader
from vla_ros.hardware.cameras.realsense.assignment import assign
from vla_ros.hardware.cameras.realsense.config import FOLDER, RealSenseConfig, load_realsense
from vla_ros.hardware.cameras.realsense.library import found_cameras
from vla_ros.hardware.cameras.realsense.stream import RealSenseStream
from vla_ros.hardware.cameras.stream import CameraStream, CapturedFrame, Optics
from vla_ros.nodes.camera.calibrated_view import CalibratedViews
from vla_ros.nodes.camera.place_watch import PlaceWatch
from vla_ros.nodes.camera.publisher import CameraPublisher
from vla_ros.nodes.managed import ManagedNode
from vla_ros.nodes.policy.state_buffer import StateBuffer
from vla_ros.policies.observation import CameraView
from vla_ros.robots.camera_calibration import CameraCalibration, load_calibration
from vla_ros.robots.embodiment import Embodiment

REALSENSE = "realsense"


class HardwareCameras:
    """Publish what the RealSense cameras of a robot see while the node is active."""

    def __init__(self, node: ManagedNode, robot: Embodiment) -> None:
        """Connect to all of them. Raises ConfigError where one is not there, or cannot do what its file says."""
        if node.get_parameter("use_sim_time").value:
            raise ConfigError("source:=realsense: real cameras have real time: leave use_sim_time:=false")
        self._node, self._robot = node, robot
        self._configs = {name: self._config(name) for name in robot.cameras}
        calibrated = [name for name in robot.cameras if robot.camera(name).calibrated]
        self._calibrations = {name: self._calibration(name) for name in calibrated}
        self._places = {name: PlaceWatch(name, one) for name, one in self._calibrations.items()}
        self._views: dict[str, tuple[Optics, CalibratedViews]] = {}
        self._joints = StateBuffer()
        self._reader = messages.JointStateReader(robot.driven_joints)
        self._said: dict[str, str] = {}
        self._counted: dict[str, int] = {}
        self.publishers = {
            camera.name: CameraPublisher(
                node, camera.name, robot.base_frame, camera.moves, self._configs[camera.name].depth, camera.calibrated
            )
            for camera in map(robot.camera, robot.cameras)
        }
        if any(robot.camera(name).moves for name in calibrated):
            node.create_subscription(JointState, "joint_states", self._on_joint_state, qos.NEWEST)
        self._readers: dict[str, CameraReader] = {}
        try:
            for name, connect in self._connections().items():
                self._readers[name] = CameraReader(name, connect, partial(self._publish, name))
        except VlaError:
            self.close()
            raise
        for reader in self._readers.values():
            reader.start()

    def close(self) -> None:
        """Let go of the cameras."""
        for name, reader in self._readers.items():
            reader.close()
            if reader.fault and reader.fault != self._said.get(name):
                self._node.get_logger().error(reader.fault)

    def report(self, period: float) -> tuple[bytes, str, dict[str, str]]:
        """Return level, text and values for diagnostics of the last `period` [s]; what changed goes to the log."""
        faults: dict[str, str] = {}
        values: dict[str, str] = {}
        for name, reader in self._readers.items():
            frames = reader.frames
            values[f"{name}.frames_per_s"] = f"{(frames - self._counted.get(name, 0)) / period:.2f}"
            values[f"{name}.latency_ms"] = f"{1e3 * reader.latency:.1f}"
            values[f"{name}.dropped"] = str(reader.dropped)
            self._counted[name] = frames
            if name in self._places and (moved := self._places[name].report(self._node.get_logger())) is not None:
                values[f"{name}.moved_px"] = f"{moved:.1f}"
            if fault := reader.fault:
                faults[name] = fault
            if fault != self._said.get(name, ""):
                log = self._node.get_logger()
                log.error(fault) if fault else log.info(f"camera '{name}' is back")
                self._said[name] = fault
        if faults:
            return messages.ERROR, "; ".join(faults.values()), values
        if moved_ones := [name for name, place in self._places.items() if place.moved]:
            return messages.WARN, f"moved since they were calibrated: {', '.join(moved_ones)}", values
        return messages.OK, f"{len(self._readers)} cameras", values

    # -- of the configuration --------------------------------------------------------------------------------------
    def _config(self, name: str) -> RealSenseConfig:
        config = load_realsense(name)
        return config if self._robot.camera(name).depth else dataclasses.replace(config, depth=False)

    def _calibration(self, name: str) -> CameraCalibration:
        calibration, config = load_calibration(name), self._configs[name]
        size = (config.width, config.height)
        if config.optics == "calibration" and (calibration.width, calibration.height) != size:
            raise ConfigError(
                f"camera '{name}' is to be {size[0]}x{size[1]} px by {FOLDER}/{name}.yaml and was calibrated with "
                f"{calibration.width}x{calibration.height}: calibrate anew, or take 'optics: sdk'"
            )
        CalibratedViews(name, calibration, self._robot)  # whether it is where the robot's file says
        return calibration

    def _connections(self) -> Mapping[str, Callable[[], CameraStream]]:
        serials = assign(self._configs, found_cameras())
        return {name: partial(RealSenseStream, name, serial, self._configs[name]) for name, serial in serials.items()}

    # -- frames, in the thread of their camera ---------------------------------------------------------------------
    def _publish(self, name: str, stamp: float, frame: CapturedFrame, optics: Optics) -> None:
        publisher = self.publishers[name]
        if not self._node.active:
            return
        views, joints = self._views_of(name, optics), self._joints_at(stamp)
        if name in self._places:
            self._places[name].see(frame, joints)
        if publisher.wanted:
            color, depth = frame.color(), frame.depth() if publisher.depth_wanted else None
            view = CameraView(name, stamp, color, depth) if views is None else views.view(stamp, color, depth, joints)
            publisher.publish(view)
        elif views is not None:
            publisher.publish_calibration(stamp, optics.size, views.intrinsics, views.T_base_camera(joints))

    def _views_of(self, name: str, optics: Optics) -> CalibratedViews | None:
        """Return what places the camera's pictures; the SDK may have other optics for it after it was replugged."""
        calibration = self._calibrations.get(name)
        if calibration is None:
            return None
        known = self._views.get(name)
        if known is None or known[0] != optics:
            if self._configs[name].optics == "sdk":
                calibration = dataclasses.replace(
                    calibration,
                    width=optics.size[0],
                    height=optics.size[1],
                    focal_length=optics.focal_length,
                    principal_point=optics.principal_point,
                    distortion=None,
                )
            known = self._views[name] = optics, CalibratedViews(name, calibration, self._robot)
        return known[1]

    # -- joints of cameras that move -------------------------------------------------------------------------------
    def _on_joint_state(self, message: JointState) -> None:
        sample = self._reader.read(message)
        if sample is not None:  # others say where other joints are on the same topic
            self._joints.add(sample.stamp, sample.position)

    def _joints_at(self, stamp: float) -> dict[str, float] | None:
        try:
            values = self._joints.at(stamp)
        except VlaError:  # none near: better no pose than a wrong one
            return None
        return dict(zip(self._reader.joints, values.tolist(), strict=True))
