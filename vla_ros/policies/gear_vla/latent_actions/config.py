# SPDX-License-Identifier: Apache-2.0
"""Sizes of the latent-action tokenizer. Imports no PyTorch."""

from __future__ import annotations

from dataclasses import dataclass

from controllers.errors import ConfigError
from vla_ros.policies.families.checkpoint_config import check_version

KIND, VERSION = "latent_actions", 1
PACKAGES = ("torch", "safetensors")
PATCH = 8  # [px] side of what one feature sees and the decoder draws


@dataclass(frozen=True)
class LatentActionConfig:
    """A causal VQ-VAE over frames (GEAR-VLA, appendix A). Raises ConfigError for sizes that do not fit each other.

    The paper's numbers are the defaults where it gives them: 5 Hz, a second, four codes a transition, two groups of
    eight entries. Frame size and widths are this project's, for two cores.
    """

    width: int = 64  # [px] of a frame
    height: int = 64
    rate: float = 5.0  # [Hz] of frames
    transitions: int = 5  # of a second: one more frame than that
    codes: int = 4  # a transition
    groups: int = 2  # of the codebook: code j is of group j mod groups
    entries: int = 8  # a group
    code_size: int = 8  # numbers of an entry
    features: int = 96  # numbers of a patch
    depth: int = 2  # layers of encoder and decoder each
    heads: int = 4
    causal: bool = True  # False: codes may see later frames
    ends_only: bool = False  # True: first and last frame alone, one transition (LAPA)
    kind: str = KIND
    version: int = VERSION

    def __post_init__(self) -> None:
        check_version(self.kind, self.version, KIND, VERSION)
        for name in ("transitions", "codes", "groups", "entries", "code_size", "depth", "heads"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} must be at least 1, got {getattr(self, name)}")
        if self.width % PATCH or self.height % PATCH or min(self.width, self.height) < PATCH:
            raise ConfigError(f"frames are {self.width}x{self.height}: give multiples of {PATCH}")
        if self.features < self.heads or self.features % self.heads:
            raise ConfigError(f"features are {self.features}: give a multiple of the {self.heads} heads")
        if self.codes % self.groups:
            raise ConfigError(f"codes are {self.codes}: give a multiple of the {self.groups} groups")
        if not 0.1 <= self.rate <= 60.0:
            raise ConfigError(f"rate must be 0.1 to 60 Hz, got {self.rate}")
        if self.ends_only and self.transitions != 1:
            raise ConfigError(f"ends_only has one transition, got {self.transitions}")

    @property
    def frames(self) -> int:
        """Return how many frames a clip has."""
        return self.transitions + 1

    @property
    def seconds(self) -> tuple[float, ...]:
        """Return the times [s] of a clip's frames, from the first."""
        if self.ends_only:
            return (0.0, 1.0)
        return tuple(i / self.rate for i in range(self.frames))

    @property
    def vocabulary(self) -> int:
        """Return how many latent actions there are: of all groups."""
        return self.groups * self.entries

    @property
    def patches(self) -> int:
        """Return how many patches a frame has."""
        return self.width // PATCH * (self.height // PATCH)
