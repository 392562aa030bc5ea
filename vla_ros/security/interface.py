# SPDX-License-Identifier: Apache-2.0
"""What one process of a graph says and hears: topics, services, actions, and the DDS topics that these are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import NamedTuple

ANY = "*"  # any characters, those of a name's parts among them (POSIX fnmatch, as DDS Security has it)
ROS_GRAPH = "ros_discovery_info"  # by which nodes find each other, without a prefix
PARAMETER_SERVICES = (
    "describe_parameters",
    "get_parameter_types",
    "get_parameters",
    "list_parameters",
    "set_parameters",
    "set_parameters_atomically",
)
LIFECYCLE_SERVICES = (
    "change_state",
    "get_available_states",
    "get_available_transitions",
    "get_state",
    "get_transition_graph",
)


class DdsTopics(NamedTuple):
    """DDS topics that a participant may publish and subscribe to."""

    publish: frozenset[str]
    subscribe: frozenset[str]


@dataclass(frozen=True)
class NodeInterface:
    """Names are relative to the robot's namespace, those that begin with / are not."""

    publishes: frozenset[str] = frozenset()
    subscribes: frozenset[str] = frozenset()
    serves: frozenset[str] = frozenset()  # services
    calls: frozenset[str] = frozenset()
    commands: frozenset[str] = frozenset()  # actions of others, as their client
    executes: frozenset[str] = frozenset()  # actions of its own
    sometimes: frozenset[str] = frozenset()  # of all these, what is there at times only: while somebody looks, say

    def __or__(self, other: NodeInterface) -> NodeInterface:
        """Return all that either does; what one of them always has is not there at times only."""
        either = {one.name: getattr(self, one.name) | getattr(other, one.name) for one in fields(self)}
        for kind in either.keys() - {"sometimes"}:
            mine, theirs = getattr(self, kind), getattr(other, kind)
            either["sometimes"] -= (mine - self.sometimes) & theirs | (theirs - other.sometimes) & mine
        return NodeInterface(**either)

    def dds_topics(self, namespace: str = "") -> DdsTopics:
        """Return them as rmw names them (rt/, rq/…Request, rr/…Reply), in a namespace such as robot1."""
        publish, subscribe = {ROS_GRAPH}, {ROS_GRAPH}
        publish |= {f"rt{absolute(name, namespace)}" for name in self.publishes}
        subscribe |= {f"rt{absolute(name, namespace)}" for name in self.subscribes}
        for asked, names in ((True, self.calls), (False, self.serves)):
            actions = self.commands if asked else self.executes
            services = [
                *names,
                *(f"{a}/_action/{s}" for a in actions for s in ("cancel_goal", "get_result", "send_goal")),
            ]
            requests = {f"rq{absolute(name, namespace)}Request" for name in services}
            replies = {f"rr{absolute(name, namespace)}Reply" for name in services}
            states = {f"rt{absolute(f'{a}/_action/{s}', namespace)}" for a in actions for s in ("feedback", "status")}
            publish |= requests if asked else replies | states
            subscribe |= replies | states if asked else requests
        return DdsTopics(frozenset(publish), frozenset(subscribe))


def interface(
    publishes: Iterable[str] = (),
    subscribes: Iterable[str] = (),
    serves: Iterable[str] = (),
    calls: Iterable[str] = (),
    commands: Iterable[str] = (),
    executes: Iterable[str] = (),
    sometimes: Iterable[str] = (),
) -> NodeInterface:
    """Return an interface of any iterables."""
    given = (publishes, subscribes, serves, calls, commands, executes, sometimes)
    return NodeInterface(*(frozenset(names) for names in given))


def absolute(name: str, namespace: str) -> str:
    """Return a name as it is in a namespace."""
    return name if name.startswith("/") else "/".join(["", *filter(None, [namespace.strip("/")]), name])


def ros_node(name: str, parameters: bool = True, log: bool = True, managed: bool = False) -> NodeInterface:
    """Return what every rclpy node of this name has: its log, services of its parameters and of its type's text."""
    topics = ["/parameter_events", *(["/rosout"] if log else [])]
    services = ["get_type_description", *(PARAMETER_SERVICES if parameters else ())]
    if managed:
        topics += [f"{name}/transition_event", "diagnostics"]
        services += LIFECYCLE_SERVICES
    return interface(topics, serves=[f"{name}/{service}" for service in services])
