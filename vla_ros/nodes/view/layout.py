# SPDX-License-Identifier: Apache-2.0
"""A Foxglove layout that fits the robot: its frames, its joints, its cameras. Foxglove imports it from a file."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from vla_ros.nodes.view.chunks import COLORS
from vla_ros.robots.embodiment import Embodiment

# Of lines in a plot, one after the other.
PALETTE = ("#4e98e2", "#f5774d", "#f7df71", "#5cd6a9", "#a395e2", "#e27ba9", "#b0b0b0")
CAMERA_COLOR, GRID_COLOR = "#7c7cff", "#80808060"
WIDTH_S = 20  # [s] of what a plot shows
Panel = dict[str, Any]
Place = str | dict[str, Any]  # a panel's id, or a row or column of two places


def layout(embodiment: Embodiment, links: Iterable[str], topic: Callable[[str], str]) -> str:
    """Return the layout as JSON; `links` are the robot's frames, `topic` resolves a name in the node's namespace."""
    images = {f"Image!{name}": _image(name, topic) for name in embodiment.cameras}
    joints = {f"Plot!{name}": _joint_plot(name, own, topic) for name, own in _joints(embodiment).items()}
    panels: dict[str, Panel] = {
        "3D!scene": _scene(embodiment, links, topic),
        **images,
        **joints,
        "Plot!chunk": _plot(
            "Chunk being executed [s]",
            {"done": topic("control/progress") + ".index", "left": topic("control/progress") + ".remaining_s"},
        ),
        "Plot!lateness": _plot(
            "Control loop: worst lateness [ms]", {"lateness": topic("control/progress") + ".lateness_ms"}
        ),
        "StateTransitions!hold": _control_states(topic),
        "DiagnosticSummary!all": {
            "minLevel": 0, "pinnedIds": [], "hardwareIdFilter": "", "topicToRender": topic("diagnostics"),
            "sortByLevel": True,
        },
        "DiagnosticStatusPanel!control": {
            "topicToRender": topic("diagnostics"), "selectedHardwareId": "", "selectedName": "control",
        },
        "RosOut!log": {"searchTerms": [], "minLogLevel": 1, "topicToRender": topic("log")},
        "RawMessages!instruction": {
            "title": "Instruction", "topicPath": topic("instruction") + ".data", "diffEnabled": False,
            "diffMethod": "custom", "diffTopicPath": "", "showFullMessageForDiff": False,
        },
    }  # fmt: skip
    plots = _row([_column([*joints, "Plot!chunk"]), _column(["StateTransitions!hold", "Plot!lateness"])])
    words = _row(["DiagnosticSummary!all", "DiagnosticStatusPanel!control"], 45)
    reports = _column(["RawMessages!instruction", _column([words, "RosOut!log"])], 12)
    seen = _column([_row(list(images)), reports], 34) if images else reports
    place = _row([_column(["3D!scene", plots], 62), seen], 58)
    whole = {"configById": panels, "globalVariables": {}, "userNodes": {}, "playbackConfig": {"speed": 1}}
    return json.dumps(whole | {"layout": place}, indent=1) + "\n"


def _joints(embodiment: Embodiment) -> dict[str, tuple[str, ...]]:
    return {arm.name: arm.joints for arm in embodiment.arms} | {g.name: g.joints for g in embodiment.joint_groups}


def _scene(embodiment: Embodiment, links: Iterable[str], topic: Callable[[str], str]) -> Panel:
    root = embodiment.base_frame
    shown = ["robot", "measured_path", "control/commanded_path", "policy/detections", "policy/grasp"]
    shown += [f"{source}/action_chunk/path" for source in COLORS]
    topics: dict[str, Panel] = {topic(name): {"visible": True} for name in shown}
    topics[topic("robot")]["showOutlines"] = False
    for source in COLORS:
        topics[topic(f"{source}/action_chunk/poses")] = {"visible": True, "type": "axis", "axisScale": 0.04}
    for name in embodiment.cameras:
        seen = topic(f"cameras/{name}/color")
        topics[f"{seen}/camera_info"] = {"visible": True, "distance": 0.12, "color": CAMERA_COLOR}
        topics[f"{seen}/image_raw/compressed"] = {"visible": False}
    return {
        "title": "Robot",
        "cameraState": {
            "perspective": True, "distance": 2.2, "phi": 60, "thetaOffset": 60, "targetOffset": [0.35, 0, 0.25],
            "target": [0, 0, 0], "targetOrientation": [0, 0, 0, 1], "fovy": 45, "near": 0.05, "far": 100,
        },
        "followMode": "follow-none",
        "followTf": root,
        "fixedFrame": root,
        "scene": {"transforms": {"axisSize": 0.1, "lineWidth": 0, "showLabel": False}},
        "transforms": {f"frame:{link}": {"visible": False} for link in links},
        "topics": topics,
        "layers": {
            "grid": {
                "visible": True, "frameLocked": True, "label": "Grid", "instanceId": "grid", "layerId": "foxglove.Grid",
                "frameId": root, "size": 2, "divisions": 20, "lineWidth": 1, "color": GRID_COLOR,
                "position": [0, 0, 0], "rotation": [0, 0, 0], "order": 1,
            }
        },
    }  # fmt: skip


def _image(name: str, topic: Callable[[str], str]) -> Panel:
    drawn = ("measured_path", "control/commanded_path", "policy/action_chunk/path", "policy/detections")
    seen = topic(f"cameras/{name}/color")
    return {
        "title": f"Camera {name}",
        "cameraState": {},
        "scene": {},
        "transforms": {},
        "topics": {topic(what): {"visible": True} for what in drawn},
        "layers": {},
        "imageMode": {
            "imageTopic": f"{seen}/image_raw/compressed",
            "calibrationTopic": f"{seen}/camera_info",
            "annotations": {topic(f"policy/reasoning/{name}"): {"visible": True}},
        },
    }


def _joint_plot(group: str, joints: Sequence[str], topic: Callable[[str], str]) -> Panel:
    states = topic("joint_states")
    values = {name: f'{states}.joints[:]{{name=="{name}"}}.position' for name in joints}
    return _plot(f"{group}: joint positions", values)


def _plot(title: str, values: dict[str, str]) -> Panel:
    colored = zip(values.items(), (PALETTE[i % len(PALETTE)] for i in range(len(values))), strict=True)
    return {
        "title": title,
        "paths": [
            {"value": value, "enabled": True, "timestampMethod": "receiveTime", "label": label, "color": color}
            for (label, value), color in colored
        ],
        "showXAxisLabels": True,
        "showYAxisLabels": True,
        "showLegend": True,
        "legendDisplay": "floating",
        "showPlotValuesInLegend": False,
        "isSynced": True,
        "xAxisVal": "timestamp",
        "followingViewWidth": WIDTH_S,
    }


def _control_states(topic: Callable[[str], str]) -> Panel:
    progress = topic("control/progress")
    named = {"hold reason": "hold_reason", "source": "source", "enabled": "enabled", "e-stop": "estop"}
    return {
        "title": "What control does",
        "paths": [
            {"value": f"{progress}.{field}", "timestampMethod": "receiveTime", "label": label}
            for label, field in named.items()
        ],
        "isSynced": True,
    }


def _row(places: Sequence[Place], first: float = 0.0) -> Place:
    return _split("row", places, first)


def _column(places: Sequence[Place], first: float = 0.0) -> Place:
    return _split("column", places, first)


def _split(direction: str, places: Sequence[Place], first: float) -> Place:
    """Put places side by side; the first takes `first` [%], by default as much as each of the others."""
    if len(places) == 1:
        return places[0]
    share = first or 100.0 / len(places)
    return {
        "direction": direction,
        "splitPercentage": share,
        "first": places[0],
        "second": _split(direction, places[1:], 0.0),
    }
