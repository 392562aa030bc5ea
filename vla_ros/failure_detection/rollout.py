# SPDX-License-Identifier: Apache-2.0
"""Roll-outs as failure detection reads them: features of every inference, and how the episode ended.

One safetensors file a roll-out, with the episode in its metadata; never a pickle.
Shape legend: T inferences, F numbers of a feature.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from controllers.errors import ConfigError
from vla_ros.documents import parse_json
from vla_ros.new_file import replace_file

ENDING = ".rollout.safetensors"
ARRAYS = {"features": np.float32, "times": np.float64, "disagreement": np.float32, "doubt": np.float32}
EPISODE = "episode"  # in the file's metadata, as JSON


@dataclass(frozen=True)
class Episode:
    """Which episode it was and what it came to."""

    policy: str
    checkpoint: str
    task: str
    set: str
    categories: str
    wording: str
    category: str  # of the object that is meant
    seed: int
    instruction: str
    success: bool
    outcome: str
    duration_s: float  # [s] simulated, from the start to the judge's verdict
    weights: str = ""  # digest of the checkpoint's; "" where nobody noted it

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            wanted = {"int": int, "bool": bool, "float": float, "str": str}[str(field.type)]
            if type(value) is not wanted and not (wanted is float and type(value) is int):
                raise ConfigError(f"{field.name} is {value!r}, which is no {wanted.__name__}")

    @property
    def key(self) -> str:
        """Return what names it among all roll-outs of a policy."""
        parts = (self.checkpoint, self.task, self.set, self.categories, self.wording, str(self.seed))
        return "/".join(part.replace("/", "_") for part in parts)


@dataclass(frozen=True, eq=False)
class RecordedRollout:
    """One roll-out. Raises ConfigError where its arrays disagree."""

    episode: Episode
    features: np.ndarray  # (T, F) float32; a row of NaN where no network made the chunk; F = 0 where none made any
    times: np.ndarray  # (T,) [s] simulated, of what was seen
    disagreement: np.ndarray  # (T,) [m] with the chunk before, over what both cover; NaN where nothing is
    doubt: np.ndarray  # (T,) 0…1 of the policy itself, about which thing is meant; NaN where it says nothing

    def __post_init__(self) -> None:
        count = len(self.times)
        if self.features.ndim != 2 or self.times.ndim != 1 or len(self.features) != count:
            raise ConfigError(f"features {self.features.shape} do not fit times {self.times.shape}")
        for name in ("disagreement", "doubt"):
            values = getattr(self, name)
            if values.shape != (count,) or np.isinf(values).any():
                raise ConfigError(f"{name} {values.shape} does not fit times {self.times.shape}, or is infinite")
        if count == 0:
            raise ConfigError("it holds no inference")
        if not np.isfinite(self.times).all() or (np.diff(self.times) < 0.0).any():
            raise ConfigError("its times are not finite, or run backwards")
        whole, absent = np.isfinite(self.features).all(axis=1), np.isnan(self.features).all(axis=1)
        if not (whole | absent).all():
            raise ConfigError("a row of its features is neither finite nor wholly absent")

    def of_size(self, size: int) -> RecordedRollout:
        """Return it with features of `size` numbers, all absent where it has none."""
        if self.features.shape[1]:
            return self
        return dataclasses.replace(self, features=np.full((len(self.times), size), np.nan, np.float32))

    @property
    def success(self) -> bool:
        """Say whether it succeeded."""
        return self.episode.success


def rollout_path(folder: str | Path, scenes: Sequence[str], seed: int) -> Path:
    """Return where the roll-out of a seed lies; `scenes` names the task, set, categories and wording."""
    return Path(folder) / f"{'_'.join([*scenes, f'{seed:05d}'])}{ENDING}"


def save_rollout(path: Path, rollout: RecordedRollout) -> None:
    """Write a roll-out, at once or not at all. Raises OSError."""
    from safetensors.numpy import save

    path.parent.mkdir(parents=True, exist_ok=True)
    arrays = {name: np.ascontiguousarray(getattr(rollout, name), dtype) for name, dtype in ARRAYS.items()}
    replace_file(path, save(arrays, {EPISODE: json.dumps(dataclasses.asdict(rollout.episode))}))


def read_rollout(path: Path) -> RecordedRollout:
    """Read a roll-out. Raises ConfigError for a file that is none, torn, or holds what no evaluation writes."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(str(path), "numpy") as file:
            said = (file.metadata() or {}).get(EPISODE)
            if said is None or set(file.keys()) != set(ARRAYS):
                raise ConfigError(f"it lacks {EPISODE}, or its arrays are other than {', '.join(ARRAYS)}")
            arrays = {name: file.get_tensor(name) for name in ARRAYS}
        for name, dtype in ARRAYS.items():
            if arrays[name].dtype != dtype:
                raise ConfigError(f"{name} is of {arrays[name].dtype}, not of {np.dtype(dtype)}")
        episode = parse_json(said, EPISODE, finite=True)
        if not isinstance(episode, dict):
            raise ConfigError("its episode is no mapping")
        return RecordedRollout(Episode(**episode), **arrays)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror or error})") from error
    except (ConfigError, SafetensorError, ValueError, TypeError) as error:
        raise ConfigError(
            f"{path}: not a recorded roll-out ({error}): delete it, and the `vla eval --features … --resume` that "
            "wrote it records it again"
        ) from None


def read_rollouts(folders: Sequence[str | Path]) -> list[RecordedRollout]:
    """Read all roll-outs in folders, sorted by name. Raises ConfigError for none, or of several policies."""
    rollouts: dict[str, RecordedRollout] = {}
    for folder in map(Path, folders):
        if not folder.is_dir():
            raise ConfigError(f"{folder}: is no folder of roll-outs: record some with `vla eval --features {folder}`")
        paths = sorted(folder.rglob(f"*{ENDING}"))
        if not paths:
            raise ConfigError(f"{folder}: holds no *{ENDING}: record some with `vla eval --features {folder}`")
        for path in paths:
            rollout = read_rollout(path)
            if rollout.episode.key in rollouts:
                raise ConfigError(f"{path}: is the same episode as another file ({rollout.episode.key}): delete one")
            rollouts[rollout.episode.key] = rollout
    found = list(rollouts.values())
    _check_alike(found)
    size = max(rollout.features.shape[1] for rollout in found)
    if size == 0:
        raise ConfigError(f"{folders[0]}: no network made any chunk in these roll-outs: record another set of scenes")
    return [rollout.of_size(size) for rollout in found]


def _check_alike(rollouts: Sequence[RecordedRollout]) -> None:
    """Raise ConfigError where roll-outs are not of one policy: its features mean nothing for another's."""
    known = all(rollout.episode.weights for rollout in rollouts)  # else folders are all that tells weights apart
    for name, value_of in (
        *([] if known else [("policy", lambda r: r.episode.policy), ("checkpoint", lambda r: r.episode.checkpoint)]),
        ("weights", lambda r: r.episode.weights or 0),
        ("features", lambda r: r.features.shape[1]),
    ):
        values = sorted({value for rollout in rollouts if (value := value_of(rollout)) != 0})
        if len(values) > 1:
            raise ConfigError(
                f"roll-outs of several policies: {name} {values[0]!r} and {values[1]!r}: a detector is of one"
            )
