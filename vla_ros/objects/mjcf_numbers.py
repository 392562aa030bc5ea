# SPDX-License-Identifier: Apache-2.0
"""Numbers and orientations in MJCF's attributes."""

from __future__ import annotations

from xml.etree import ElementTree

import numpy as np
from scipy.spatial.transform import Rotation

from controllers.errors import ConfigError
from vla_ros.objects.solids import towards


def numbers(element: ElementTree.Element, key: str, count: int, default: tuple[float, ...]) -> tuple[float, ...]:
    """Return the first `count` numbers of an attribute. Raises ConfigError where there are fewer."""
    text = element.get(key)
    if text is None:
        return default
    try:
        found = tuple(float(word) for word in text.split())
    except ValueError:
        found = ()
    if len(found) < count or not np.isfinite(found).all():
        raise ConfigError(f"<{element.tag} {key}='{text[:60]}'>: {count} numbers are needed")
    return found[:count]


class Orientations:
    """Reads MJCF's five ways to write an orientation."""

    def __init__(self, degrees: bool, sequence: str) -> None:
        if len(sequence) != 3 or set(sequence.lower()) - set("xyz"):
            raise ConfigError(f"<compiler eulerseq='{sequence}'>: three of x, y, z (or X, Y, Z) are needed")
        self._degrees, self._sequence = degrees, sequence

    def of(self, element: ElementTree.Element) -> Rotation:
        """Return an element's orientation in its parent's frame. Raises ConfigError."""
        if "euler" in element.attrib:
            return self._euler(numbers(element, "euler", 3, ()))
        if "axisangle" in element.attrib:
            *axis, angle = numbers(element, "axisangle", 4, ())
            return Rotation.from_rotvec(_unit(np.array(axis), element) * angle, degrees=self._degrees)
        if "zaxis" in element.attrib:
            return Rotation.from_quat(towards(_unit(np.array(numbers(element, "zaxis", 3, ())), element)))
        if "xyaxes" in element.attrib:
            given = np.array(numbers(element, "xyaxes", 6, ())).reshape(2, 3)
            x = _unit(given[0], element)
            y = _unit(given[1] - (given[1] @ x) * x, element)
            return Rotation.from_matrix(np.column_stack([x, y, np.cross(x, y)]))
        return self.quaternion(element, "quat")

    def _euler(self, angles: tuple[float, ...]) -> Rotation:
        """Return one turn after the other: about axes that turn along, or in upper case about those that stay."""
        turn = Rotation.identity()
        for axis, angle in zip(self._sequence, angles, strict=True):
            one = Rotation.from_euler(axis.lower(), angle, degrees=self._degrees)
            turn = turn * one if axis.islower() else one * turn
        return turn

    def quaternion(self, element: ElementTree.Element, key: str) -> Rotation:
        """Return the rotation of a quaternion attribute, wxyz in MJCF. Raises ConfigError."""
        w, x, y, z = numbers(element, key, 4, (1.0, 0.0, 0.0, 0.0))
        if float(np.linalg.norm((w, x, y, z))) < 1e-6:
            raise ConfigError(f"{key}='{element.get(key)}' has no length")
        return Rotation.from_quat((x, y, z, w))


def _unit(vector: np.ndarray, element: ElementTree.Element) -> np.ndarray:
    length = float(np.linalg.norm(vector))
    if length < 1e-9:
        raise ConfigError(f"<{element.tag}>: an axis of its orientation has no length")
    return vector / length
