# SPDX-License-Identifier: Apache-2.0
"""What an arm's URDF cannot know of the arm that stands there: its joints' friction, and what its hand carries."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import isfinite

from controllers.errors import ConfigError

GRAVITY = 9.80665  # [m/s²] standard
PAYLOAD_MAX = 20.0  # [kg]
PAYLOAD_REACH = 0.5  # [m] from the tool frame to the payload's centre of mass


@dataclass(frozen=True)
class Payload:
    """A mass fixed to the tool, beyond what the URDF has there."""

    mass: float = 0.0  # [kg]
    center: tuple[float, float, float] = (0.0, 0.0, 0.0)  # [m] of mass, in the tool frame
    in_driver: bool = False  # the arm's driver was told of it and holds its weight: control must not do so again

    def __post_init__(self) -> None:
        if not 0.0 <= self.mass <= PAYLOAD_MAX:
            raise ConfigError(f"payload: 'mass' must be 0 to {PAYLOAD_MAX:g} kg, got {self.mass:g}")
        if not all(abs(value) <= PAYLOAD_REACH for value in self.center):
            raise ConfigError(f"payload: 'center' must be within {PAYLOAD_REACH:g} m, got {list(self.center)}")


@dataclass(frozen=True)
class ArmDynamics:
    """Friction of N joints, instead of the URDF's, and the payload; `vla identify` measures both."""

    viscous_friction: tuple[float, ...] = ()  # (N,) [N·m·s/rad]; empty: the URDF's
    dry_friction: tuple[float, ...] = ()  # (N,) [N·m]; empty: the URDF's
    payload: Payload = field(default_factory=Payload)

    def __post_init__(self) -> None:
        for name in ("viscous_friction", "dry_friction"):
            for value in getattr(self, name):
                if not (isfinite(value) and value >= 0.0):
                    raise ConfigError(f"dynamics: '{name}' must be >= 0, got {value:g}")
