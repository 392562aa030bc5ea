# SPDX-License-Identifier: Apache-2.0
"""The data contract: which observation, which action, how often.

Recording, conversion, training and inference read the same one (config/contracts/<name>.yaml), a dataset and a
checkpoint carry a copy, and contract_checks.py names the first difference before anything moves.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field

from controllers.chunks.auxiliary_track import BASE_AXES
from controllers.chunks.chunk import ChannelKind, channel_kind, pose_channels
from controllers.errors import ChunkError, ConfigError, unknown_name
from vla_ros.configuration import build, config_names, config_path, load_config
from vla_ros.documents import parse_json

FITS = ("exact", "crop", "stretch")
REFERENCES = ("absolute", "delta", "relative")
ROTATIONS = ("quaternion", "rotation_vector", "rotation_6d")
TARGETS = ("commanded", "measured")
ANCHORS = (*TARGETS, "none")
FEATURE_SIZES = {"calibration": 11, "pose": 7, "twist": 6, "wrench": 6, "numbers": 0}  # 0: the contract says


@dataclass(frozen=True)
class CameraStream:
    """One camera as the dataset stores it.

    `fit` says what happens to a recorded image of another size: it is refused (exact), cut at the centre to the
    stored aspect and scaled (crop), or scaled alone (stretch).
    """

    width: int  # [px]
    height: int  # [px]
    fit: str = "exact"
    topic: str = ""  # default: cameras/<name>/color/image_raw

    def __post_init__(self) -> None:
        if self.fit not in FITS:
            raise ConfigError(unknown_name("fit", self.fit, FITS))
        if min(self.width, self.height) < 16 or self.width % 2 or self.height % 2:
            raise ConfigError(f"camera size {self.width}x{self.height}: give even numbers >= 16 (video is yuv420p)")


@dataclass(frozen=True)
class ActionContract:
    """What one row of actions means.

    `reference`: absolute values; deltas to the target before, in the base frame; or values relative to the chunk's
    first pose, in that pose's frame (stored as absolute values, because a row belongs to many chunks). `target` says
    whether row k is the commanded or the measured value one frame later, `anchor` what a chunk starts from: none, where
    rows are absolute. Grippers are absolute widths always, and `gripper_target` may differ from the arm's: a measured
    width never closes on what is held. Cups are 1 while they are commanded to suck, else 0; the base is its velocity.
    """

    arms: tuple[str, ...] = ()  # moved by the pose of their tool
    joints: tuple[str, ...] = ()  # moved by their own position
    grippers: tuple[str, ...] = ()
    cups: tuple[str, ...] = ()
    base: bool = False
    reference: str = "absolute"
    rotation: str = "quaternion"
    target: str = "commanded"
    gripper_target: str = ""  # default: as target
    anchor: str = "commanded"
    horizon: int = 4  # rows in a chunk

    def __post_init__(self) -> None:
        for key, allowed in (("reference", REFERENCES), ("rotation", ROTATIONS), ("target", TARGETS),
                             ("gripper_target", (*TARGETS, "")), ("anchor", ANCHORS)):  # fmt: skip
            if getattr(self, key) not in allowed:
                raise ConfigError(unknown_name(key, getattr(self, key), allowed))
        if not self.channels:
            raise ConfigError("action moves nothing: name arms, joints, grippers or cups, or give base: true")
        if self.horizon < 1:
            raise ConfigError(f"horizon must be >= 1, got {self.horizon}")
        if self.reference != "absolute" and self.anchor == "none":
            raise ConfigError(
                f"{self.reference} actions start from an anchor: give anchor: {self.target}, or reference: absolute"
            )
        if self.reference == "delta" and self.target != self.anchor:
            raise ConfigError(
                f"deltas between {self.target} values cannot start from the {self.anchor} one: "
                "give target and anchor the same value, or take reference: relative"
            )

    @property
    def channels(self) -> tuple[str, ...]:
        """Name the absolute channels of a chunk (C,): poses, joints, then those that are absolute always."""
        return (*self.anchor_channels, *self.absolute_channels)

    @property
    def anchor_channels(self) -> tuple[str, ...]:
        """Name the channels that a chunk can be relative to (A,): poses, joints."""
        poses = tuple(channel for arm in self.arms for channel in pose_channels(arm))
        return (*poses, *(f"{joint}/position" for joint in self.joints))

    @property
    def absolute_channels(self) -> tuple[str, ...]:
        """Name the channels that are never relative to anything: widths, suction, the base's velocity."""
        return (*self.tool_channels, *(BASE_AXES if self.base else ()))

    @property
    def tool_channels(self) -> tuple[str, ...]:
        """Name the channels of end effectors: widths, suction."""
        return (*(f"{gripper}/width" for gripper in self.grippers), *(f"{cup}/suction" for cup in self.cups))

    @property
    def width_target(self) -> str:
        """Say whether widths are the commanded or the measured ones."""
        return self.gripper_target or self.target

    @property
    def stores_anchor(self) -> bool:
        """Tell whether a dataset has a column for what chunks start from."""
        return bool(self.anchor_channels) and self.anchor != "none"


@dataclass(frozen=True)
class ExtraFeature:
    """One more column: a camera's calibration, or a topic's message as numbers."""

    kind: str
    camera: str = ""  # of a calibration: fx, fy, cx, cy [px], position [m], quaternion xyzw in the base frame
    topic: str = ""  # of everything else
    size: int = 0  # of `numbers`

    def __post_init__(self) -> None:
        if self.kind not in FEATURE_SIZES:
            raise ConfigError(unknown_name("kind of feature", self.kind, FEATURE_SIZES))
        if self.kind == "calibration" and not self.camera:
            raise ConfigError("a calibration needs its camera: add camera: <name>")
        if self.kind != "calibration" and not self.topic:
            raise ConfigError(f"a feature of kind {self.kind} needs its topic: add topic: <name>")
        if self.kind == "numbers" and self.size < 1:
            raise ConfigError("a feature of kind numbers needs its size: add size: <count>")

    @property
    def length(self) -> int:
        """Return the numbers of one frame."""
        return FEATURE_SIZES[self.kind] or self.size


@dataclass(frozen=True)
class DataContract:
    """One frame of a task's data, and how many a second.

    Raises ConfigError for a channel outside the convention, a camera or feature that does not fit the others.
    """

    name: str
    robot: str
    fps: int  # [Hz]
    cameras: dict[str, CameraStream]
    state: tuple[str, ...]  # channels, as a chunk names them, in order
    action: ActionContract
    reference_camera: str = ""  # default: the first camera; without cameras, joint states give the time
    # q and -q are one rotation: of an orientation in the state or in absolute actions the one nearer to this xyzw is
    # taken. Choose where the tool usually is, (1, 0, 0, 0) when it points down: the sign jumps half a turn from there.
    quaternion_side: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 1.0)
    skew_max_s: float = 0.1  # [s] most between a frame and its image, and between two joint states
    features: dict[str, ExtraFeature] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not 1 <= self.fps <= 1000:
            raise ConfigError(f"fps must be 1 to 1000 Hz, got {self.fps}")
        if not any(self.quaternion_side):
            raise ConfigError("quaternion_side is zero: give x, y, z, w of a usual tool orientation")
        if self.skew_max_s <= 0.0:
            raise ConfigError(f"skew_max_s must be > 0 s, got {self.skew_max_s}")
        if not self.reference_camera and self.cameras:
            object.__setattr__(self, "reference_camera", next(iter(self.cameras)))
        if self.reference_camera and self.reference_camera not in self.cameras:
            raise ConfigError(unknown_name("reference_camera", self.reference_camera, self.cameras))
        if not self.state or len(set(self.state)) != len(self.state):
            raise ConfigError("state needs at least one channel and each of them once")
        for channel in self.state:
            try:
                kind = channel_kind(channel)
            except ChunkError as error:
                raise ConfigError(str(error).replace("chunk channel", "state channel")) from None
            if kind in (ChannelKind.STATUS, ChannelKind.ELBOW):
                raise ConfigError(f"state channel '{channel}' is no measurement: leave it out")
        for arm in pose_arms(self.state):
            missing = [channel for channel in pose_channels(arm) if channel not in self.state]
            if missing:
                raise ConfigError(f"state lacks '{missing[0]}': a pose needs all seven channels of '{arm}'")
        for name, feature in self.features.items():
            if "/" in name or name in ("action", "timestamp", "index"):
                raise ConfigError(f"feature '{name}': use a name of its own without '/'")
            if feature.kind == "calibration" and feature.camera not in self.cameras:
                raise ConfigError(f"feature '{name}': {unknown_name('camera', feature.camera, self.cameras)}")

    @property
    def period(self) -> float:
        """Return the time between frames [s]."""
        return 1.0 / self.fps


def pose_arms(channels: tuple[str, ...]) -> tuple[str, ...]:
    """Name the arms whose poses are among `channels`."""
    kinds = (ChannelKind.POSITION, ChannelKind.ORIENTATION)
    return tuple(dict.fromkeys(name.rpartition("/")[0] for name in channels if channel_kind(name) in kinds))


def contract_names() -> tuple[str, ...]:
    """List the contracts that config/contracts holds."""
    return config_names("contracts")


def load_contract(name: str) -> DataContract:
    """Read a contract by its name, or by the path of a .yaml file. Raises ConfigError with the nearest name."""
    return load_config(config_path("contracts", "contract", name), DataContract)


def contract_text(contract: DataContract) -> str:
    """Return the contract as JSON, as a dataset and a checkpoint keep it."""
    return json.dumps(dataclasses.asdict(contract), indent=2) + "\n"


def contract_line(contract: DataContract) -> str:
    """Return the contract as JSON in one line, as a recording notes it."""
    return json.dumps(dataclasses.asdict(contract), separators=(",", ":"))


def contract_from_text(text: str, where: str) -> DataContract:
    """Read what `contract_text` or `contract_line` wrote; `where` names the file in errors.

    Raises ConfigError for anything else.
    """
    return build(DataContract, parse_json(text, where), where)
