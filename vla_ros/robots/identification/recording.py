# SPDX-License-Identifier: Apache-2.0
"""What an arm did and what its joints gave for it: a plain .npz file that NumPy reads everywhere."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np

from controllers.errors import ConfigError
from vla_ros.npz_errors import DAMAGED_NPZ
from vla_ros.output_file import write_output
from vla_ros.robots.groups import ArmGroup

SAMPLES_MIN = 200
FORMAT = 1
ARRAYS = ("time", "q", "dq", "effort")
KEYS = ("format", "robot", "arm", "joints", "with_gravity", *ARRAYS)


@dataclass(frozen=True, eq=False)
class ExcitationRecording:
    """K samples of N joints.

    Raises ConfigError when shapes disagree, a value is not finite, time does not increase or little was recorded.
    """

    robot: str
    arm: str
    joints: tuple[str, ...]
    with_gravity: bool  # effort includes the arm's own weight: measured at the joint, not commanded
    time: np.ndarray  # (K,) [s]
    q: np.ndarray  # (K, N) [rad]
    dq: np.ndarray  # (K, N) [rad/s]
    effort: np.ndarray  # (K, N) [N·m]

    def __post_init__(self) -> None:
        shape = (len(self.time) if self.time.ndim == 1 else -1, len(self.joints))
        if shape[0] < 0:
            raise ConfigError(f"'time' has shape {self.time.shape}: give one number a sample")
        for name in ("q", "dq", "effort"):
            if getattr(self, name).shape != shape:
                raise ConfigError(f"'{name}' has shape {getattr(self, name).shape}, expected {shape} (samples, joints)")
        for name in ARRAYS:
            broken = np.argwhere(~np.isfinite(getattr(self, name)))
            if len(broken):
                raise ConfigError(f"'{name}' is not finite at sample {broken[0][0]}")
        if shape[0] < SAMPLES_MIN:
            raise ConfigError(f"{shape[0]} samples are too few: record at least {SAMPLES_MIN}")
        late = np.flatnonzero(np.diff(self.time) <= 0.0)
        if len(late):
            raise ConfigError(f"'time' does not increase at sample {late[0] + 1}")

    @property
    def duration(self) -> float:
        """Return how long it is [s]."""
        return float(self.time[-1] - self.time[0])

    def check_arm(self, arm: ArmGroup) -> None:
        """Raise ConfigError unless this was recorded with the joints of `arm`."""
        if self.joints != arm.joints:
            raise ConfigError(
                f"recorded with joints {', '.join(self.joints)}; arm '{arm.name}' has {', '.join(arm.joints)}"
            )


def write_recording(path: Path, recording: ExcitationRecording) -> None:
    """Write an .npz file. Raises ConfigError when it cannot be written."""
    values = {key: getattr(recording, key) for key in KEYS if key not in ("format", "joints")}
    archive = BytesIO()
    np.savez_compressed(archive, format=FORMAT, joints=np.array(recording.joints), **values)
    write_output("", path, archive.getvalue())


def read_recording(path: Path) -> ExcitationRecording:
    """Read an .npz file, running nothing that is in it. Raises ConfigError that says what is wrong with it."""
    try:
        archive = np.load(path, allow_pickle=False)
        if isinstance(archive, np.ndarray):
            raise ConfigError("a single array, not the .npz archive that `vla identify record` writes")
        with archive:
            missing = [key for key in KEYS if key not in archive.files]
            if missing:
                raise ConfigError(f"'{missing[0]}' is missing: expected {', '.join(KEYS)}")
            return _recording({key: archive[key] for key in KEYS})
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror or error})") from error
    except DAMAGED_NPZ as error:
        # NumPy refuses pickled objects with a ValueError, which is what is wanted of it here; it takes whatever it does
        # not know for one, and advises to load it all the same.
        raise ConfigError(f"{path}: not a plain .npz file: give one that `vla identify record` wrote") from error


def _recording(values: dict[str, np.ndarray]) -> ExcitationRecording:
    if values["format"].shape != () or values["format"] != FORMAT:
        raise ConfigError(f"format {values['format']} is not known: this version reads {FORMAT}")
    for name in ("robot", "arm"):
        if values[name].shape != () or values[name].dtype.kind != "U":
            raise ConfigError(f"'{name}' must be one text")
    if values["joints"].ndim != 1 or values["joints"].dtype.kind != "U":
        raise ConfigError("'joints' must be a list of names")
    if values["with_gravity"].shape != () or values["with_gravity"].dtype.kind != "b":
        raise ConfigError("'with_gravity' must be true or false")
    for name in ARRAYS:
        if values[name].dtype.kind not in "fiu":
            raise ConfigError(f"'{name}' must be numbers, got {values[name].dtype}")
    arrays = {name: values[name].astype(np.float64) for name in ARRAYS}
    joints = tuple(values["joints"].tolist())
    return ExcitationRecording(str(values["robot"]), str(values["arm"]), joints, bool(values["with_gravity"]), **arrays)
