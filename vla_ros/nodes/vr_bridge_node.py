# SPDX-License-Identifier: Apache-2.0
"""The operator's bridge: page and websocket on one port, hands to chunks, pictures and state to the page."""

from __future__ import annotations

import math
import os
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from diagnostic_msgs.msg import DiagnosticStatus

from controllers.errors import VlaError
from controllers.whole_body_config import CONFIGURED, WHOLE_BODY
from vla_ros import messages, qos
from vla_ros.nodes.bridge.arm_feed import ArmFeed
from vla_ros.nodes.bridge.cameras import OperatorCamera
from vla_ros.nodes.bridge.homing import HomeRun
from vla_ros.nodes.bridge.leader_feed import LeaderFeed
from vla_ros.nodes.bridge.operated_robot import OperatedRobot
from vla_ros.nodes.managed import ManagedNode
from vla_ros.nodes.parameters import declare, declare_cameras, declare_robot
from vla_ros.nodes.spinning import run_node, serve_until_stopped, steady_timer
from vla_ros.nodes.transport import Transport
from vla_ros.robots.control import load_control_config, with_whole_body
from vla_ros.robots.embodiment import Embodiment, load_embodiment
from vla_ros.teleop.hand_motion import HandMotionLimits
from vla_ros.teleop.idle_watch import IDLE_TIMEOUT_S
from vla_ros.teleop.leader.config import load_leader
from vla_ros.teleop.leader.leading import Leading
from vla_ros.teleop.protocol import HANDS, OWN_SIDE
from vla_ros.teleop.server import Listening, TeleopServer
from vla_ros.teleop.serving.addresses import PAGE_PORT, bind_address, is_local, link_hosts
from vla_ros.teleop.serving.certificate import fingerprint, tls_context
from vla_ros.teleop.serving.keeping import user_folder
from vla_ros.teleop.serving.pairing import pairing_token, qr_text
from vla_ros.teleop.teleoperation import Teleoperation
from vla_ros.token_file import chosen_token

if TYPE_CHECKING:
    from vla_ros.teleop.episodes.collecting import EpisodeCollection

SWITCH_INTERVAL_S = 5e-4  # a packet must not wait for a picture
_environment = dict(os.environ)  # before the transport is chosen: what other nodes are started with


class VrBridgeNode(ManagedNode):
    """Wire a TeleopServer to a robot's topics. Hands move the arm only while this node is active."""

    def __init__(self) -> None:
        super().__init__("vr_bridge_node")
        self._robot_name = declare_robot(self)
        self._embodiment = declare_cameras(self, load_embodiment(self._robot_name))
        self._host = declare(self, "host", "localhost", "who may connect: localhost, all, or an address to listen on")
        self._port = declare(self, "port", PAGE_PORT, "TCP port of page and websocket; 0: any that is free", 0, 65535)
        self._token_file = declare(self, "token_file", "", "file of a pairing token; empty: the one of the last run")
        self._new_token = declare(
            self, "new_token", False, "make a new pairing token: whoever was paired is locked out"
        )
        self._folder = declare(self, "folder", "", "folder of certificate and token; empty: the user's own")
        self._hand = declare(
            self,
            "hand",
            OWN_SIDE,
            "hand that drives the first arm; own_side: each the arm beside it, the right one an only arm",
            choices=(OWN_SIDE, *HANDS),
        )
        self._facing = declare(
            self, "facing", 0.0, "where the operator looks, in the robot's base [degrees]", -360.0, 360.0
        )
        self._speed = declare(self, "linear_speed", 0.5, "fastest that hands move a tool [m/s]", 0.01, 1.0)
        self._turn = declare(self, "angular_speed", 1.5, "fastest that hands turn a tool [rad/s]", 0.05, 4.0)
        self._instruction = declare(self, "instruction", "", "what is to be done, in words; empty: nothing is said")
        self._collection_name = declare(self, "collection", "", "collection that episodes are for; empty: none")
        self._schedule = declare(self, "schedule", "", "what to collect; empty: as the collection was before")
        self._idle_timeout = declare(
            self,
            "idle_timeout",
            IDLE_TIMEOUT_S,
            "an episode ends by itself so long after its driver has gone, and after three times as long in which he "
            "moves nothing [s]; 0: never",
            0.0,
            3600.0,
        )
        self._leader = declare(self, "leader", "", "namespace of leader arms that the arms follow; empty: none")
        self._leader_map = declare(
            self, "leader_map", "", "what the leader's joints mean; empty: the same names as the robot's"
        )
        self._whole_body = declare(
            self, "whole_body", CONFIGURED, "as control's: whether the base drives where hands reach too far",
            choices=WHOLE_BODY,
        )  # fmt: skip
        self._with_policy = declare(self, "with_policy", False, "a policy runs: the arm is its own until it is taken")

    def configure(self) -> None:
        """Bind the port and serve the page; hands are followed once this node is active."""
        embodiment = self._embodiment
        config = with_whole_body(load_control_config(self._robot_name), self._whole_body)
        teleoperation = Teleoperation(
            embodiment,
            np.array(config.workspace_lower),
            np.array(config.workspace_upper),
            HandMotionLimits(linear_speed=self._speed, angular_speed=self._turn),
            self._hand,
            math.radians(self._facing),
            config.whole_body is not None and config.whole_body.base_helps,
        )
        folder = user_folder(self._folder)
        address = bind_address(self._host)
        tls = None if is_local(address) else tls_context(folder)
        chosen = self._token_file
        token = chosen_token(Path(chosen)) if chosen else pairing_token(folder, self._new_token)
        leading = Leading(load_leader(self._leader_map), embodiment) if self._leader else None
        watched = teleoperation.watched_joints + (() if leading is None else leading.watched_joints)
        self._feed = ArmFeed(self, embodiment, watched)
        mounted = embodiment.mounted_cameras
        self._cameras = [OperatorCamera(self, name, i, name in mounted) for i, name in enumerate(embodiment.cameras)]
        self._home = HomeRun(self.get_namespace(), self._robot_name, _environment)
        self._robot = OperatedRobot(
            self, embodiment, teleoperation, self._feed, self._cameras, self._home, self._with_policy, leading
        )
        listening = Listening(address, self._port, link_hosts(address), token, tls)
        collection = self._open_collection(embodiment)
        try:
            self._server = TeleopServer(self._robot, listening, collection, self._log, self._idle_timeout)
        except VlaError:
            if collection is not None:
                collection.abandon()
            raise
        self._robot.note = self._server.hub.note
        self.create_subscription(DiagnosticStatus, "control/transitions", self._robot.reports.on_transition, qos.EVENTS)
        steady_timer(self, 0.2, self._watch_cameras)
        steady_timer(self, 1.0, self._publish_diagnostics)
        self._server.start()
        if leading is not None:
            LeaderFeed(self, self._leader, leading.topics, partial(self._server.call, self._robot.lead))
        if collection is not None:
            self._server.call(collection.start)
        self._show_link("" if tls is None else fingerprint(folder))

    def _open_collection(self, embodiment: Embodiment) -> EpisodeCollection | None:
        if not self._collection_name:
            return None
        # Objects, bags and their judgement take a second of processor time to load, and most bridges collect nothing.
        from vla_ros.data.bags.episode_bags import collection_root
        from vla_ros.nodes.bridge.episode_station import EpisodeStation
        from vla_ros.teleop.episodes.collecting import EpisodeCollection
        from vla_ros.teleop.scheduling.task import task_path

        station = EpisodeStation(self, embodiment, self._robot, self._feed)
        task = task_path(self._schedule) if self._schedule else None
        return EpisodeCollection(collection_root(self._collection_name), station, task)

    def activate(self) -> None:
        """Let hands move the arm; say what is to be done."""
        self._robot.active = True
        if self._instruction:
            self._robot.instruct(self._instruction)

    def deactivate(self) -> None:
        """Let go; pictures and state go on."""
        self._robot.active = False
        self._server.call(self._robot.let_go, "the bridge is not active")

    def cleanup(self) -> None:
        """Say goodbye to the clients and free the port."""
        self._server.finish(self._home.stop())
        self._server.close()

    def _show_link(self, fingerprint: str) -> None:
        best, *others = self._server.links
        print(qr_text(best), flush=True)
        for link in (best, *others):
            print(f"open {link}", flush=True)
        if fingerprint:
            print(f"the browser asks once whether to trust the certificate; its SHA-256 is {fingerprint}", flush=True)

    def _watch_cameras(self) -> None:
        hub = self._server.hub if self._robot.watched else None
        for camera in self._cameras:
            camera.watch(hub)

    def _log(self, level: str, text: str) -> None:
        if level == "error":  # rclpy wants each severity to have a line of its own
            self.get_logger().error(text)
        elif level == "warning":
            self.get_logger().warning(text)
        else:
            self.get_logger().info(text)

    def _publish_diagnostics(self) -> None:
        hub, robot = self._server.hub, self._robot
        driver = hub.seat.driver_name
        values = {
            "driver": driver,
            "clients": str(len(hub.clients)),
            "packets": str(robot.packets),
            "chunks": str(robot.chunks),
            **robot.reports.values(),
        }
        self.diagnose(messages.OK, f"{driver} drives" if driver else "nobody drives", values, "bridge")


def main() -> int:
    """Run the node."""
    cv2.setNumThreads(1)
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    return run_node("bridge", serve_until_stopped(VrBridgeNode), Transport.IMAGES_IN)


if __name__ == "__main__":
    raise SystemExit(main())
