# SPDX-License-Identifier: Apache-2.0
"""The columns that a generated dataset has beyond its contract's, and what goes into them.

Shape legend: T frames, N objects a scene holds at most, K grasps told of an object.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.spatial.transform import Rotation

from vla_ros.data.datasets import annotation_names as names
from vla_ros.data.datasets.features import STRING, Feature
from vla_ros.objects.grasp import Grasp
from vla_ros.sim.scenes.relations import Spot
from vla_ros.sim.scenes.scene import PlacedObject, Scene, SceneCamera
from vla_ros.sim.scenes.sizes import Size
from vla_ros.sim.scenes.telling_apart import Table
from vla_ros.training.generation.demonstrators.grasping import OPTIONS
from vla_ros.training.generation.moments import GraspMoment, Moment
from vla_ros.training.generation.object_boxes import EXTENT

OBJECTS = 12  # N: ten things and two receptacles of a table to be cleared
POSE = ("x", "y", "z", "qx", "qy", "qz", "qw")
SOFTNESS = 0.2  # of cost: a grasp that is this much dearer counts 1/e

OBJECT_NAMES, TARGET, VALID, boxes_column = names.OBJECT_NAMES, names.TARGET, names.VALID, names.boxes_column
PREFIX = names.PREFIX
RECEPTACLE = names.RECEPTACLE
POSITIONS = PREFIX + "positions"
EXTENTS = PREFIX + "extents"
GRASP, GRASP_OPTIONS, CLOSED = PREFIX + "grasp", PREFIX + "grasp_options", PREFIX + "closed"
STATUS = PREFIX + "task_status"  # what the expert says: -1 what is asked for is not there, 0 under way, 1 done


def scene_features(cameras: Sequence[str]) -> dict[str, Feature]:
    """Return the columns that say what the pictures show."""
    features = {boxes_column(name): Feature("float32", (OBJECTS, 5)) for name in cameras}
    return features | {
        OBJECT_NAMES: Feature(STRING, (1,)),  # "red mug;blue can", one for each row of the boxes
        POSITIONS: Feature("float32", (OBJECTS, 3)),
        TARGET: Feature("int64", (1,)),
    }


def extent_features() -> dict[str, Feature]:
    """Return the column that says how large things are: a simulator knows it, of pictures of a real table nobody does.

    Of each object the corners of the rectangle it covers, x and y [m], base frame; the edges of its box, the shortest
    first, and its height [m]; 1 where it stands as it is drawn.
    """
    return {EXTENTS: Feature("float32", (OBJECTS, EXTENT))}


def grasp_features() -> dict[str, Feature]:
    """Return the columns that say how the object is grasped."""
    return {
        GRASP: Feature("float32", (8,), (*POSE, "opening")),
        GRASP_OPTIONS: Feature("float32", (OPTIONS, 9)),  # K: pose, opening, weight; zeros where there are fewer
        CLOSED: Feature("int64", (1,)),
    }


def teaching_features(one_hand: bool) -> dict[str, Feature]:
    """Return the columns that say what is to be learned from actions: of one hand its grasps as well."""
    features = {VALID: Feature("int64", (1,))}
    if one_hand:
        return grasp_features() | features
    several = {STATUS: Feature("int64", (1,)), RECEPTACLE: Feature("int64", (1,))}
    return features | several | {GRASP_OPTIONS: grasp_features()[GRASP_OPTIONS]}


def standing(names: Sequence[str], extents: np.ndarray) -> Table:
    """Return how objects of these names stand and how large they are, of rows of EXTENTS (N, EXTENT)."""
    spots, sizes = {}, {}
    for name, row in zip(names, extents.tolist(), strict=False):
        spots[name] = Spot((row[0], row[1]), (row[2], row[3]))
        sizes[name] = Size((row[4], row[5], row[6]), row[7], row[8] > 0.5)
    return Table(spots, sizes)


def padded(rows: np.ndarray, count: int) -> np.ndarray:
    """Return rows (n, D) with zeros up to (count, D); what is beyond is left out."""
    out = np.zeros((count, rows.shape[1]), dtype=np.float32)
    out[: min(count, len(rows))] = rows[:count]
    return out


def object_names(objects: Sequence[PlacedObject]) -> str:
    """Return what the objects are, in the order of the boxes."""
    return ";".join(f"{placed.model.color} {placed.model.category}" for placed in objects)


def target_row(scene: Scene) -> int:
    """Return the row of the object that the instruction means; -1 where it means no single one."""
    names = [placed.name for placed in scene.objects]
    return names.index(scene.target) if scene.target else -1


def requested_row(scene: Scene, requested: Sequence[str]) -> int:
    """Return the row of the one object that a sentence asks for; -1 where it asks for several, or for none."""
    names = [placed.name for placed in scene.objects]
    if not requested:
        return target_row(scene)
    return names.index(requested[0]) if len(requested) == 1 and requested[0] in names else -1


def teaching_columns(scene: Scene, moments: Sequence[Moment]) -> dict[str, np.ndarray]:
    """Return the values of `teaching_features` (T, …)."""
    columns = {VALID: np.array([moment.valid for moment in moments], dtype=np.int64)}
    grasps = [moment.grasp for moment in moments if moment.grasp is not None]
    if grasps:
        return columns | grasp_columns(grasps)
    rows = {placed.name: row for row, placed in enumerate(scene.objects)}
    return columns | {
        STATUS: np.array([moment.status.value for moment in moments], dtype=np.int64),
        RECEPTACLE: np.array([rows.get(moment.receptacle, -1) for moment in moments], dtype=np.int64),
        GRASP_OPTIONS: np.array([padded(option_rows(moment.options), OPTIONS) for moment in moments]),
    }


def grasp_columns(moments: Sequence[GraspMoment]) -> dict[str, np.ndarray]:
    """Return the values of `grasp_features` (T, …).

    After the closure the grasp is the tool's next pose, as in GraspVLA's Appendix E.
    """
    grasps, options = [], []
    for i, moment in enumerate(moments):
        if moment.closed:
            T = moments[min(i + 1, len(moments) - 1)].T_base_ee_commanded
            rows = np.concatenate([pose_numbers(T), [moment.opening, 1.0]])[None]
        else:
            T = moment.T_base_grasp
            rows = option_rows(moment.options)
        grasps.append(np.concatenate([pose_numbers(T), [moment.opening]]))
        options.append(padded(rows, OPTIONS))
    return {
        GRASP: np.array(grasps),
        GRASP_OPTIONS: np.array(options),
        CLOSED: np.array([moment.closed for moment in moments], dtype=np.int64),
    }


def option_rows(grasps: Sequence[Grasp]) -> np.ndarray:
    """Return pose, opening and weight of grasps (K, 9), the best one's weight 1."""
    best = min((grasp.cost for grasp in grasps), default=0.0)
    rows = [[*pose_numbers(g.T_base_grasp), g.opening, np.exp((best - g.cost) / SOFTNESS)] for g in grasps]
    return padded(np.array(rows).reshape(-1, 9), OPTIONS)


def calibration(camera: SceneCamera) -> np.ndarray:
    """Return fx, fy, cx, cy [px], position [m], quaternion xyzw of the published calibration (11,)."""
    K, T = camera.intrinsics, camera.T_base_camera_published
    return np.array([K[0, 0], K[1, 1], K[0, 2], K[1, 2], *pose_numbers(T)])


def pose_numbers(T: np.ndarray) -> np.ndarray:
    """Return position [m] and quaternion xyzw (7,) of a pose (4, 4)."""
    return np.concatenate([T[:3, 3], Rotation.from_matrix(T[:3, :3]).as_quat()])
