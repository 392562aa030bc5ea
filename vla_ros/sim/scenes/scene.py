# SPDX-License-Identifier: Apache-2.0
"""A scene: table, surroundings, lights, cameras, bodies, an instruction. All of it follows from a seed."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from controllers.errors import ConfigError
from vla_ros.objects.model import ObjectModel
from vla_ros.sim.scenes.placed import PlacedCloth, PlacedFixture

Rgb = tuple[float, float, float]
Point = tuple[float, float, float]  # [m]


@dataclass(frozen=True)
class SurfaceTexture:
    """What a table, wall or floor is covered with: a procedural texture (textures.py)."""

    pattern: str
    first: Rgb
    second: Rgb
    scale: float  # length one repeat of the texture covers [m]
    seed: int
    gloss: float = 0.1


@dataclass(frozen=True)
class Table:
    """A slab on four legs. `height` is that of its top in the robot's base frame."""

    height: float  # [m]
    center: tuple[float, float]  # [m]
    extent: tuple[float, float]  # [m]
    thickness: float  # [m]
    surface: SurfaceTexture
    friction: float


@dataclass(frozen=True)
class Light:
    """One lamp. Directional ones shine along `direction` from everywhere; others sit at `position`."""

    directional: bool
    position: Point
    direction: Rgb
    diffuse: Rgb
    specular: Rgb
    ambient: Rgb = (0.0, 0.0, 0.0)
    casts_shadow: bool = False


@dataclass(frozen=True, eq=False)
class SceneCamera:
    """A fixed camera. Optical frame: x right, y down, z forward."""

    name: str
    T_base_camera: np.ndarray  # (4, 4) true pose
    T_base_camera_published: np.ndarray  # (4, 4) with its calibration error: all a policy may know
    fovy: float  # vertical field of view [degrees]
    size: tuple[int, int] = (640, 480)  # width, height [px]

    @cached_property
    def intrinsics(self) -> np.ndarray:
        """Pinhole matrix K (3, 3) [px]; the principal point is the image's centre, pixel centres at whole numbers."""
        width, height = self.size
        focal = height / 2 / np.tan(np.radians(self.fovy) / 2)
        return np.array([[focal, 0, (width - 1) / 2], [0, focal, (height - 1) / 2], [0, 0, 1]])

    def seen_from(self, T_odom_base: np.ndarray) -> SceneCamera:
        """Return the camera for a base that has moved to T_odom_base (4, 4)."""
        T_base_odom = np.linalg.inv(T_odom_base)
        true, published = T_base_odom @ self.T_base_camera, T_base_odom @ self.T_base_camera_published
        return SceneCamera(self.name, true, published, self.fovy, self.size)


@dataclass(frozen=True, eq=False)
class MountedCamera:
    """A camera on the robot. Optical frame as above; where it is follows from the pose of what it is fixed to."""

    name: str
    body: str  # what it is fixed to: a tool frame, whose pose the robot publishes
    T_body_camera: np.ndarray  # (4, 4) true pose
    T_body_camera_published: np.ndarray  # (4, 4) hand-eye calibration with its error: all a policy may know
    fovy: float  # vertical field of view [degrees]
    size: tuple[int, int] = (640, 480)  # width, height [px]

    def at(self, T_base_body: np.ndarray) -> SceneCamera:
        """Return the camera as it stands while its body is at T_base_body (4, 4)."""
        true, published = T_base_body @ self.T_body_camera, T_base_body @ self.T_body_camera_published
        return SceneCamera(self.name, true, published, self.fovy, self.size)


@dataclass(frozen=True, eq=False)
class PlacedObject:
    """An object and where it starts; it settles by a millimetre or so when physics begins."""

    name: str  # unique in the scene
    model: ObjectModel
    T_base_object: np.ndarray  # (4, 4)

    def of_glass(self, opacity: float) -> PlacedObject:
        """Return it made of something that stops this share of the light, 0 to 1."""
        return dataclasses.replace(self, model=dataclasses.replace(self.model, opacity=opacity))


@dataclass(frozen=True, eq=False)
class Scene:
    """Everything about one episode that is decided before it begins."""

    seed: int
    stream: str
    set_name: str
    table: Table
    floor_height: float  # [m]
    floor: SurfaceTexture
    walls: tuple[SurfaceTexture, SurfaceTexture]  # behind the robot (across x), beside it (across y)
    lights: tuple[Light, ...]
    ambient: float  # brightness of the light that comes from everywhere
    cameras: tuple[SceneCamera, ...]
    objects: tuple[PlacedObject, ...]  # rigid ones
    target: str  # name of the object the instruction means; empty: none, a fixture or cloth, or several
    instruction: str
    arm_start: tuple[float, ...] | None  # joint positions [rad]; None: home
    mounted: tuple[MountedCamera, ...] = ()  # cameras on the robot
    part: str = ""  # of the target, by which it is requested
    goal: str = ""  # name of the object, or of the fixture's joint, into or onto which the target is to go
    fixtures: tuple[PlacedFixture, ...] = ()
    cloths: tuple[PlacedCloth, ...] = ()
    absent: bool = False  # what the instruction asks for is not there: nothing is to be touched

    def __post_init__(self) -> None:
        others = [*(fixture.name for fixture in self.fixtures), *(cloth.name for cloth in self.cloths)]
        names = [*(placed.name for placed in self.objects), *others]
        if twice := {name for name in names if names.count(name) > 1}:
            raise ConfigError(f"scene {self.seed}: two bodies are called '{min(twice)}'")
        if self.target in others:
            raise ConfigError(
                f"scene {self.seed}: target '{self.target}' is no rigid object: leave it empty, and let the task's "
                "facts say what is meant"
            )

    def put_down(self, origin: Point, floor: float) -> Scene:
        """Return the scene moved to `origin` [m], by no turn, with its floor at the height `floor` [m]."""
        x, y, z = origin
        T = np.eye(4)
        T[:3, 3] = origin
        (table_x, table_y), table_height = self.table.center, self.table.height
        return dataclasses.replace(
            self,
            table=dataclasses.replace(self.table, height=table_height + z, center=(table_x + x, table_y + y)),
            floor_height=floor,
            lights=tuple(
                dataclasses.replace(light, position=tuple(np.add(light.position, origin).tolist()))
                for light in self.lights
            ),
            cameras=tuple(
                dataclasses.replace(
                    camera,
                    T_base_camera=T @ camera.T_base_camera,
                    T_base_camera_published=T @ camera.T_base_camera_published,
                )
                for camera in self.cameras
            ),
            objects=tuple(
                dataclasses.replace(placed, T_base_object=T @ placed.T_base_object) for placed in self.objects
            ),
            fixtures=tuple(fixture.moved(T) for fixture in self.fixtures),
            cloths=tuple(cloth.moved(T) for cloth in self.cloths),
        )

    @property
    def target_object(self) -> PlacedObject:
        """Return the object the instruction means. Raises StopIteration where it means no single one."""
        return next(placed for placed in self.objects if placed.name == self.target)

    @property
    def camera_names(self) -> tuple[str, ...]:
        """Name every camera: those that stand, then those on the robot."""
        return (*(camera.name for camera in self.cameras), *(camera.name for camera in self.mounted))

    def camera(self, name: str) -> SceneCamera:
        """Return a camera that stands by name. Raises KeyError."""
        for camera in self.cameras:
            if camera.name == name:
                return camera
        raise KeyError(f"no camera '{name}': {[camera.name for camera in self.cameras]}")
