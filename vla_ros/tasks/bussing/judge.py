# SPDX-License-Identifier: Apache-2.0
"""Judge a table that is cleared: which things rest in which receptacle, request by request.

The base drives, so nothing is compared with where it was in the base's frame: things are seen from their receptacle.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from vla_ros.sim.referring.scene_object import SceneObject
from vla_ros.tasks.bussing.limits import BussingLimits
from vla_ros.tasks.bussing.requests import BussingRequest
from vla_ros.tasks.judging import Judge, Outcome, Truth
from vla_ros.tasks.placing.receptacles import Body, Receptacle
from vla_ros.tasks.sentences import SentenceResult, SentenceState
from vla_ros.tasks.watches import ClosureWatch, StillWatch

LEFT = Outcome("things left")
MANIPULATED = Outcome("manipulated what was not meant")


class BussingJudge(Judge):
    """Follow one run through its requests."""

    limits: BussingLimits

    def __init__(
        self,
        requests: Sequence[BussingRequest],
        objects: Sequence[SceneObject],
        bodies: Mapping[str, Body],
        receptacles: Mapping[str, Receptacle],
        start: Truth,
        hands: Mapping[str, tuple[str, float]],  # of each gripper the arm, and the full opening [m]
        limits: BussingLimits,
    ) -> None:
        super().__init__(start, limits, objects)
        self._requests, self._bodies, self._receptacles, self._hands = tuple(requests), bodies, receptacles, hands
        self._closures = {
            gripper: ClosureWatch(full, limits.closed_fraction, limits.open_fraction)
            for gripper, (_, full) in hands.items()
        }
        self._things = tuple(name for name in bodies if name not in receptacles)
        self._start_heights = dict(start.heights)
        self._still = StillWatch(limits.still_m, limits.still_rad)
        self._inside: dict[str, tuple[str, float]] = {}  # thing → receptacle that it is in, since when [s]
        self._in_air: set[str] = set()
        # Thing → the arm that lifted it, and the thing's middle seen from its tool.
        self._carried: dict[str, tuple[str, np.ndarray]] = {}
        self._fallen: set[str] = set()
        self._told: dict[str, str] = {}  # thing → receptacle, as was said last
        self._placed: dict[str, str] = {}  # thing → receptacle in which it rests now
        self._results: list[SentenceResult] = []  # of the requests that are over
        self._taken = ""  # thing that was lifted first since the request was made
        self._followed: list[bool] = []  # of those of them that ask for something: it was taken before anything else
        self._lie = self._places(start)  # where things lay when the request was made, seen from the first receptacle
        self._since = start.time  # [s] of the request
        self._now = start

    # -- words ---------------------------------------------------------------------------------------------------------
    @property
    def instruction(self) -> str:
        """Return the sentence that counts now."""
        return self._request.sentence

    @property
    def requested(self) -> tuple[str, ...]:
        """Name the things that the sentence that counts now asks for."""
        return tuple(self._request.goals)

    @property
    def receptacle(self) -> str:
        """Name the receptacle of the sentence that counts now; "" where it has several, or none."""
        named = set(self._request.goals.values())
        return named.pop() if len(named) == 1 else ""

    @property
    def sentences(self) -> tuple[SentenceResult, ...]:
        """Return what became of each of several requests."""
        if len(self._requests) == 1:
            return ()
        ahead = self._requests[len(self._results) :]
        return (*self._results, *(SentenceResult(one.sentence) for one in ahead))

    @property
    def success_text(self) -> str:
        """Say what was done, after a success."""
        right, count = self.parts
        return f"{right} of {count} things in the right receptacle" if count else "left everything where it stood"

    def figures(self) -> dict[str, Any]:
        """Return how many things are where they are to go, and how many requests are met."""
        right, count = self.parts
        followed, asked = self.followed
        wrong = sum(self._placed.get(name, goal) != goal for name, goal in self._goals.items())
        return {
            "things": count,
            "things_right": right,
            "things_wrong": wrong,
            "things_fallen": len(self._fallen & set(self._goals)),
            "share_right": round(right / count, 3) if count else None,
            "requests": len(self._requests),
            "requests_met": sum(one.state is SentenceState.DONE for one in self._results),
            "requests_asking": asked,
            "requests_followed": followed,
        }

    @property
    def wrong_in_hand(self) -> str | None:
        """Return nothing: a hand that is far along the table puts nothing back."""
        return None

    @property
    def _request(self) -> BussingRequest:
        return self._requests[min(len(self._results), len(self._requests) - 1)]

    @property
    def _goals(self) -> dict[str, str]:
        """Return where each thing is to go that any request means."""
        return {name: goal for request in self._requests for name, goal in request.goals.items()}

    @property
    def parts(self) -> tuple[int, int]:
        """Return how many things rest where they are to go, and how many are asked for."""
        goals = self._goals
        return sum(self._placed.get(name) == goal for name, goal in goals.items()), len(goals)

    @property
    def followed(self) -> tuple[int, int]:
        """Return in how many requests what was asked for left the table first, and of how many that ask for something.

        GR-3's instruction following rate (section 5.1).
        """
        followed = [*self._followed]
        if len(self._results) < len(self._requests) and self._request.goals:
            followed.append(self._taken in self._request.goals)
        return sum(followed), len(followed)

    # -- what is looked at ---------------------------------------------------------------------------------------------
    def _judge(self, truth: Truth) -> None:
        self._now = truth
        closed = self._follow_hands(truth)
        if self.attempts > self.limits.attempts:
            self._end(Outcome.ATTEMPTS)
            return
        for name in self._things:
            self._follow(name, truth, closed)
        right, count = self.parts
        if count:
            self.progress = max(self.progress, right / count)
        if truth.time - self._since > 0.0:
            self._decide(truth)

    def _decide(self, truth: Truth) -> None:
        """Say whether the request that counts now is over."""
        request, elapsed = self._request, truth.time - self._since
        if not request.goals:
            moved = self._moved(truth)
            if moved:
                self._events.append(f"moved {self._called(moved)}")
                self._over(False, Outcome.UNJUDGED if request.doubt else MANIPULATED, request.doubt)
            elif elapsed >= self.limits.refrain_s - 1e-9:
                self._over(True)
            return
        if all(self._placed.get(name) == goal for name, goal in request.goals.items()):
            self._over(True)
        elif all(self._placed.get(name) == goal or name in self._fallen for name, goal in request.goals.items()):
            self._over(False, LEFT)
        elif len(self._requests) > 1 and elapsed >= self.limits.request_s - 1e-9:
            self._over(False, Outcome.TIME)

    def _over(self, met: bool, outcome: Outcome = Outcome.SUCCESS, reason: str = "") -> None:
        """End the request that counts now, and with the last one the episode."""
        if len(self._requests) > 1:
            self._events.append(f"{'met' if met else 'not met'}: {self.instruction}")
        if self._request.goals:
            self._followed.append(self._taken in self._request.goals)
        self._taken = ""
        state = SentenceState.DONE if met else SentenceState.NOT_DONE
        self._results.append(SentenceResult(self.instruction, state, "" if met else reason or outcome.value))
        if len(self._results) < len(self._requests):
            self._since, self._lie = self._now.time, self._places(self._now)
        elif all(one.state is SentenceState.DONE for one in self._results):
            self._end(Outcome.SUCCESS)
        else:
            self._end(LEFT if met else outcome, reason)

    def give_up(self, reason: str = "") -> None:
        """Take the policy's word that the request that counts now is over; what is not there is rightly refused."""
        if self.finished or self.time - self._since < self.limits.patience_s:
            return
        refused = not self._request.goals and not self._request.doubt and not self._moved(self._now)
        self._over(refused, Outcome.GAVE_UP, reason or Outcome.GAVE_UP.value)

    def _follow_hands(self, truth: Truth) -> list[np.ndarray]:
        """Count closures; return where the tools (3,) [m] of closed hands are."""
        for gripper, watch in self._closures.items():
            watch.update(truth.widths[gripper])
        self.attempts = sum(watch.closures for watch in self._closures.values())
        arms = [arm for gripper, (arm, _) in self._hands.items() if self._closures[gripper].closed]
        return [truth.tools[arm][:3, 3] for arm in arms if arm in truth.tools]

    def _follow(self, name: str, truth: Truth, closed: Sequence[np.ndarray]) -> None:
        height, start = truth.heights[name], self._start_heights[name]
        if height < start - self.limits.fallen_m:
            if name not in self._fallen:
                self._fallen.add(name)
                self._events.append(f"{self._called([name])} fell off the table")
            self._placed.pop(name, None)
            return
        inside = next((one for one in self._receptacles if self._in(truth, name, one)), None)
        if inside is None and height > start + self.limits.lift_m and name not in self._in_air:
            self._in_air.add(name)
            self._note_carrier(name, truth)
            self.first_lifted = self.first_lifted or name
            self._taken = self._taken or name
            self._events.append(f"lifted {self._called([name])}")
        if inside is not None and self._rests(name, inside, truth, closed):
            self._in_air.discard(name)
            self._placed[name] = inside
            self._tell(name, inside)
        elif self._placed.get(name) != inside:
            self._placed.pop(name, None)
        if inside is None and height < start + 0.5 * self.limits.lift_m:
            self._in_air.discard(name)

    def _rests(self, name: str, inside: str, truth: Truth, closed: Sequence[np.ndarray]) -> bool:
        """Say whether a thing has lain still in a receptacle for long enough, no hand at it that holds it."""
        T = np.linalg.inv(truth.objects[inside]) @ truth.objects[name]
        still = self._still.update(truth.time, {f"{name} in {inside}": T})[f"{name} in {inside}"]
        middle = self._bodies[name].middle(truth.objects[name])
        held = any(np.linalg.norm(tool - middle) < self.limits.hand_m for tool in closed) or self._is_carried(
            name, truth
        )
        if held or self._inside.get(name, ("", 0.0))[0] != inside:
            self._inside[name] = (inside, truth.time)
        return min(still, truth.time - self._inside[name][1]) >= self.limits.hold_s - 1e-9

    def _note_carrier(self, name: str, truth: Truth) -> None:
        """Note which hand has lifted a thing: told to open about as wide as that is, it holds it and is not closed."""
        self._carried.pop(name, None)
        seen = {arm: self._middle_at(arm, name, truth) for arm, _ in self._hands.values() if arm in truth.tools}
        arm = min(seen, key=lambda one: float(np.linalg.norm(seen[one])), default="")
        if arm and np.linalg.norm(seen[arm]) < self.limits.hand_m:
            self._carried[name] = arm, seen[arm]

    def _is_carried(self, name: str, truth: Truth) -> bool:
        """Say whether a thing is still where it was in the hand that lifted it."""
        if name not in self._carried:
            return False
        arm, before = self._carried[name]
        if np.linalg.norm(self._middle_at(arm, name, truth) - before) >= self.limits.away_m:
            del self._carried[name]
        return name in self._carried

    def _middle_at(self, arm: str, name: str, truth: Truth) -> np.ndarray:
        """Return the middle of a thing (3,) [m], seen from an arm's tool."""
        T = truth.tools[arm]
        return T[:3, :3].T @ (self._bodies[name].middle(truth.objects[name]) - T[:3, 3])

    def _tell(self, name: str, inside: str) -> None:
        if self._told.get(name) == inside:
            return
        self._told[name] = inside
        goal = self._request.goals.get(name, self._goals.get(name))
        right, count = self.parts
        place = f"put {self._called([name])} into {self._called([inside])}"
        if goal is None:
            self._events.append(f"{place}, which was not asked for")
        else:
            self._events.append(f"{place} ({right} of {count})" if inside == goal else f"{place}, the wrong one")

    def _in(self, truth: Truth, name: str, receptacle: str) -> bool:
        place = self._receptacles[receptacle]
        return place.supports(truth.objects[receptacle], self._bodies[name], truth.objects[name])

    def _places(self, truth: Truth) -> dict[str, np.ndarray]:
        """Return where each thing is (3,) [m], seen from the first receptacle."""
        T = np.linalg.inv(truth.objects[next(iter(self._receptacles))])
        return {name: (T @ truth.objects[name])[:3, 3] for name in self._things}

    def _moved(self, truth: Truth) -> list[str]:
        """Name what is no longer where it was when the request was made."""
        now, most = self._places(truth), self.limits.moved_m
        return [name for name, place in now.items() if np.linalg.norm(place - self._lie[name]) > most]
