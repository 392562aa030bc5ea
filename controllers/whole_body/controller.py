# SPDX-License-Identifier: Apache-2.0
"""A whole robot in one programme a tick: hands, elbows, posture and base at once, within limits that nothing breaks.

What gives way, in this order: posture and manipulability; progress, and with it all hands alike; the base's wish and
the joints' targets; where the hands are; distances; standing on all wheels. Range, speed and acceleration of joints and
base never do. What cannot be reached is approached as far as all of that allows.

The commanded configuration is integrated from where the robot was at `reset`, as that of an arm driven by positions.
"""

from __future__ import annotations

from math import cos, sin, sqrt

import numpy as np

from controllers.errors import ConfigError, unknown_name
from controllers.whole_body.description import Body
from controllers.whole_body.dexterity import Dexterity
from controllers.whole_body.distances import ROWS, BodyDistances
from controllers.whole_body.elbow import ElbowTask
from controllers.whole_body.hand_task import HandTask
from controllers.whole_body.limits import BodyBounds
from controllers.whole_body.model import BodyModel
from controllers.whole_body.programme import Programme
from controllers.whole_body.shapes import BodyShapes
from controllers.whole_body.targets import BodyTarget
from controllers.whole_body.tip_over import TipOver
from controllers.whole_body.tool_boxes import ToolBoxes
from controllers.whole_body_config import WholeBodyConfig

DEXTERITY_EVERY = 8  # ticks between two looks at an arm's manipulability
HAND_ROWS = 6
PROGRESS_LEAST = 0.1  # share of its weight that progress keeps, however far hands are from their paths
STILL = 1e-3  # [rad/s, m/s] below which a command stands still
# By how much a row gives way to a multiplier of one: the wheels stay on the floor before links stay apart, and these
# before the margin to the wheels is kept. A weight of 0.1 for (m/s²)²: in a tick what hands gain by it is less.
DISTANCE_GIVES, TIPPING_GIVES, MARGIN_GIVES = 1e-6, 1e-9, 10.0


class WholeBody:
    """The robot as it is commanded. q (N,) holds the joints of all groups, one after the other; `parts` says whose."""

    def __init__(self, body: Body, config: WholeBodyConfig | None = None, lead_max: float | None = None) -> None:
        """Control `body`; no joint's command leads the measured one by more than `lead_max` [rad], none: by any."""
        self.config = config = config or WholeBodyConfig()
        self.body, self.model = body, BodyModel(body)
        model, n = self.model, self.model.size
        self.parts = model.parts
        self.bounds = BodyBounds(body, model.axes, lead_max)
        self._posture = np.concatenate([group.posture for group in body.groups.values()])
        model.update(self._posture)
        self.tip_over = TipOver(() if body.base is None else body.base.support, config.tipping_margin)
        self.distances = BodyDistances(model, BodyShapes(model, body), self.bounds, config, self.tip_over)
        self.hands = {name: HandTask(config, model.moved) for name in body.arms}
        self.elbows = {name: ElbowTask(model, name, config.elbow, config.elbow_rate) for name in model.bent}
        self._dexterity = {name: Dexterity(len(body.groups[name].joints)) for name in body.arms}
        self.boxes = ToolBoxes(model)
        joints = len(model.joints)
        self.programme = Programme(
            n,
            HAND_ROWS * len(self.hands) + len(self.elbows) + joints,
            ROWS + self.tip_over.count + self.boxes.most,
        )
        self.programme.progress_min = config.progress_min
        self.q, self.dq = np.zeros(joints), np.zeros(joints)  # [rad, m], a second: commanded
        self.base_twist = np.zeros(3)  # [m/s, m/s, rad/s] commanded, base axes
        self.base_place = np.zeros(3)  # [m, m, rad] in the odometry's frame
        self.T_odom_base = np.eye(4)
        self._correction = np.zeros(3)  # [m, m, rad] by odometry since the last tick, base axes
        self.progress = 1.0  # how fast the targets may go on, as a share of their own speed
        self.failures = 0  # ticks whose programme daqp did not solve: the robot braked
        self._x, self._moved = np.zeros(n), np.zeros(n)
        # (N,) [rad, m] where joints lean to; written in place by who knows better
        self.rest = np.clip(
            self._posture, self.bounds.lower_range[model.moved :], self.bounds.upper_range[model.moved :]
        )
        self._joint_speed = self.bounds.speed[model.moved :]
        self._posture_speed = config.posture_speed * self._joint_speed
        self._ticks = 0
        self._axes = list(model.axes)
        self._least_dexterity = dict.fromkeys(self.hands, config.manipulability_min)
        self.reset(self.rest)
        for name, least in self._least_dexterity.items():  # a small arm's is small everywhere: at home it is at ease
            self._least_dexterity[name] = max(1e-9, min(least, 0.5 * self._dexterity[name].measure))

    # --- where it is ---

    def reset(self, q: np.ndarray, base_place: np.ndarray | None = None) -> None:
        """Be at q (N,) [rad, m], at rest, the base at (x, y, yaw) of the odometry's frame; none: its origin."""
        self.q[:], self.dq[:], self._x[:] = q, 0.0, 0.0
        self.base_twist[:] = 0.0
        self._stand(np.zeros(3) if base_place is None else base_place)
        self._correction[:] = 0.0
        self.model.update(self.q)
        self.distances.reset(self.T_odom_base)
        self.tip_over.reset()
        for hand in self.hands.values():
            hand.admittance.reset()
        for name in self._dexterity:
            self._look(name)
        self.progress = 1.0

    def observe_base(self, place: np.ndarray) -> None:
        """Take odometry: the base stands at (x, y, yaw) [m, m, rad]. Without it the commanded motion is integrated."""
        shift = np.subtract(place, self.base_place)
        shift[:2] = self.T_odom_base[:2, :2].T @ shift[:2]
        self._correction += shift  # distances were of where it was thought to stand
        self._stand(place)

    def _stand(self, place: np.ndarray) -> None:
        self.base_place[:] = place
        x, y, yaw = self.base_place.tolist()
        c, s = cos(yaw), sin(yaw)
        T = self.T_odom_base
        T[0, 0], T[0, 1], T[1, 0], T[1, 1], T[0, 3], T[1, 3] = c, -s, s, c, x, y

    def tool_pose(self, name: str) -> np.ndarray:
        """Return where an arm's tool is commanded to be (4, 4), in the odometry's frame."""
        return self.T_odom_base @ self.model.T_base_ee[name]

    # --- the loop ---

    def tick(self, target: BodyTarget, dt: float, measured: np.ndarray | None = None) -> bool:
        """Move the commanded robot on by dt [s]; False where no programme was solved and it braked instead.

        `measured` (N,) [rad, m] holds the command back where joints do not follow. Raises ConfigError for a name that
        the robot does not have.
        """
        if dt <= 0.0:
            return True
        self.bounds.update(self.q, self._x, measured, dt)
        programme = self.programme
        programme.lower[:], programme.upper[:] = self.bounds.lower, self.bounds.upper
        if target.base_stands:
            base = slice(0, self.model.moved)
            programme.lower[base] = programme.upper[base] = np.clip(0.0, programme.lower[base], programme.upper[base])
        tasks = self._write_hands(target, dt)
        tasks = self._write_elbows(target, tasks)
        tasks = self._write_joints(target, tasks)
        return self._solve(tasks, dt)

    def halt(self, dt: float) -> bool:
        """Brake for dt [s], all at once and evenly, so that hands that carry one thing go on together; as `tick`."""
        if dt <= 0.0:
            return True
        programme, bounds = self.programme, self.bounds
        bounds.update(self.q, self._x, None, dt)
        programme.lower[:], programme.upper[:] = bounds.lower, bounds.upper
        ticks = float((np.abs(self._x) / bounds.acceleration).max()) / dt  # that the slowest to brake needs
        programme.weights[:] = 1.0
        np.multiply(self._x, max(0.0, 1.0 - 1.0 / max(ticks, 1.0)), out=programme.pull)
        solved = self._solve(0, dt)
        self.progress = 1.0
        return solved

    @property
    def still(self) -> bool:
        """Say whether the command stands still."""
        return float(np.abs(self._x).max()) < STILL

    def _solve(self, tasks: int, dt: float) -> bool:
        programme = self.programme
        solved = programme.solve(tasks, self._write_rows(dt))
        if solved:
            self._x[:], self.progress = programme.x, programme.progress
        else:  # every speed towards 0: inside the boxes, whatever they are
            np.clip(0.0, self.bounds.lower, self.bounds.upper, out=self._x)
            self.failures += 1
            self.progress = 0.0
        self.tip_over.remember(self.model, self._x)
        self._advance(dt)
        return solved

    def _write_hands(self, target: BodyTarget, dt: float) -> int:
        programme, model, tasks = self.programme, self.model, 0
        fastest, off = 0.0, 0.0  # (m/s)² of the paths together, [m] of the hand that is furthest from its own
        for name in target.hands.keys() - self.hands.keys() or target.wrenches.keys() - self.hands.keys():
            raise ConfigError(unknown_name("arm", name, self.hands))
        for name, hand in self.hands.items():
            wrench = target.wrenches.get(name)
            if wrench is not None or not hand.admittance.still:
                hand.admittance.update(wrench, dt)
            wanted = target.hands.get(name)
            if wanted is not None:
                rows = slice(tasks, tasks + HAND_ROWS)
                hand.write(
                    wanted, self.T_odom_base, model.T_base_ee[name], model.J[name], programme.A[rows], programme.b[rows]
                )
                moving = float(programme.A[rows, -1].dot(programme.A[rows, -1]))
                if moving > 0.0:  # one that only waits for a place out of its reach slows nobody
                    fastest += moving
                    off = max(off, hand.off)
                tasks += HAND_ROWS
        config = self.config
        path = config.progress_path
        if self.model.moved and target.base is None and not target.base_stands:
            path += config.progress_base
        # A hand that is off its path has both wait sooner: they are slowed before a thing between them is torn.
        kept = max(PROGRESS_LEAST, 1.0 / (1.0 + (off / config.progress_off) ** 2))
        programme.progress_weight = kept * (config.progress + path * min(fastest, config.speed**2))
        return tasks

    def _write_elbows(self, target: BodyTarget, tasks: int) -> int:
        programme = self.programme
        for name, angle in target.elbows.items():
            if name not in self.elbows:
                raise ConfigError(unknown_name("arm with a free elbow", name, self.elbows))
            self.elbows[name].write(angle, programme.A[tasks : tasks + 1], programme.b[tasks : tasks + 1])
            tasks += 1
        return tasks

    def _write_joints(self, target: BodyTarget, tasks: int) -> int:
        """Write what is asked of single joints and of the base: weights and speeds, rows of joints along a path."""
        config, programme, moved = self.config, self.programme, self.model.moved
        weights, pull = programme.weights, programme.pull
        weights[moved:] = config.damping
        wanted = pull[moved:]
        np.subtract(self.rest, self.q, out=wanted)
        wanted *= config.posture_rate
        np.minimum(wanted, self._posture_speed, out=wanted)
        np.maximum(wanted, -self._posture_speed, out=wanted)
        for name in target.elbows:  # its posture would draw the one freedom that is left another way
            wanted[self.parts[name]] = 0.0
        self._write_dexterity(weights[moved:], wanted)
        wanted *= target.ease
        for name, place in target.joints.items():
            if name not in self.parts:
                raise ConfigError(unknown_name("group", name, self.parts))
            part = self.parts[name]
            most = self._joint_speed[part]
            way = np.minimum(np.maximum(config.joint_rate * (place - self.q[part]), -most), most)
            speeds = target.joint_speeds.get(name)
            if speeds is None:
                wanted[part] = way
                weights[moved:][part] = config.joint_target
            else:
                tasks = self._write_path(part, way, speeds, tasks)
        if moved:
            told = target.base is not None
            weights[:moved] = config.base_target if told else config.base
            pull[:moved] = target.base[self._axes] if target.base is not None else 0.0
        # A change of speed costs as well: one weighted mean of both wishes.
        both = weights + config.smoothing
        pull *= weights
        pull += config.smoothing * self._x
        pull /= both
        weights[:] = both
        return tasks

    def _write_path(self, part: slice, way: np.ndarray, speeds: np.ndarray, tasks: int) -> int:
        """Write a row for each joint of a group: x = s v + the way that is left, at the one progress s."""
        programme, root, first = self.programme, sqrt(self.config.joint_path), self.model.moved + part.start
        end = tasks + len(way)
        A = programme.A[tasks:end]
        A[:] = 0.0
        A[np.arange(len(way)), first + np.arange(len(way))] = root
        A[:, -1] = -root * speeds
        programme.b[tasks:end] = root * way
        return end

    def _write_dexterity(self, weights: np.ndarray, wanted: np.ndarray) -> None:
        config, turn = self.config, self._ticks % DEXTERITY_EVERY
        self._ticks += 1
        for index, (name, dexterity) in enumerate(self._dexterity.items()):
            if turn == index % DEXTERITY_EVERY:
                self._look(name)
            share = dexterity.measure / self._least_dexterity[name]
            if share < 2.0:
                part = self.parts[name]
                steepest = max(float(np.abs(dexterity.gradient).max()), 1e-9)
                away = config.manipulability_speed * min(1.0, 2.0 - share) / steepest
                wanted[part] += away * dexterity.gradient
                weights[part] += config.singular_damping * max(0.0, 1.0 - share) ** 2

    def _look(self, name: str) -> None:
        moved, part = self.model.moved, self.parts[name]
        self._dexterity[name].update(self.model.J[name][:, moved + part.start : moved + part.stop])

    def manipulability(self, name: str) -> float:
        """Return Yoshikawa's measure of an arm at the last look at it."""
        return self._dexterity[name].measure

    def _write_rows(self, dt: float) -> int:
        programme, distances, tip_over, n = self.programme, self.distances, self.tip_over, self.model.size
        count = distances.count
        programme.rows[:count, :n] = distances.rows[:count]
        programme.rows_lower[:count] = distances.lower[:count]
        programme.give_way[:count] = DISTANCE_GIVES
        end = count + tip_over.count
        programme.give_way[count : count + tip_over.edges] = MARGIN_GIVES
        programme.give_way[count + tip_over.edges : end] = TIPPING_GIVES
        programme.give_way[end - tip_over.edges : end] = DISTANCE_GIVES
        tip_over.write(self.model, self.base_twist, dt, programme.rows[count:end, :n], programme.rows_lower[count:end])
        boxed = self.boxes.write(self._x, programme.rows[end:, :n], programme.rows_lower[end:])
        programme.give_way[end : end + boxed] = DISTANCE_GIVES
        return end + boxed

    def _advance(self, dt: float) -> None:
        moved, x = self.model.moved, self._x
        self.dq[:] = x[moved:]
        np.multiply(x, dt, out=self._moved)
        self.q += self._moved[moved:]
        if moved:
            self.base_twist[self._axes] = x[:moved]
            self._drive(dt)
            self._moved[:moved] += self._correction[self._axes]
            self._correction[:] = 0.0
        self.model.update(self.q)
        self.distances.update(self.T_odom_base, self._moved, dt)

    def _drive(self, dt: float) -> None:
        """Integrate the base's twist, held for dt [s], along its arc."""
        vx, vy, turn = self.base_twist.tolist()
        x, y, yaw = self.base_place.tolist()
        half = 0.5 * turn * dt
        chord = sin(half) / half if abs(half) > 1e-9 else 1.0
        c, s = cos(yaw + half) * chord * dt, sin(yaw + half) * chord * dt
        self._stand(np.array([x + c * vx - s * vy, y + s * vx + c * vy, yaw + turn * dt]))
