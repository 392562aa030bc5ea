# SPDX-License-Identifier: Apache-2.0
"""Colours and textures of an MJCF file's geoms."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from controllers.errors import ConfigError, unknown_name
from vla_ros.objects.colors import Rgba
from vla_ros.objects.mjcf_numbers import numbers
from vla_ros.objects.mjcf_rules import Defaults
from vla_ros.objects.picture import read_texture
from vla_ros.objects.problems import Findings

_REMEDY = "put the picture there, or remove the <texture> and what uses it"


class Paints:
    """The materials of one file."""

    def __init__(
        self,
        path: Path,
        root: ElementTree.Element,
        folders: Sequence[Path],
        default: Rgba,
        defaults: Defaults,
        findings: Findings,
    ) -> None:
        self._path, self._folders, self._default = path, folders, default
        self._defaults, self._findings = defaults, findings
        self._materials = {item.get("name", ""): item for item in root.iterfind("asset/material")}
        self._textures: dict[str, ElementTree.Element] = {}
        for item in root.iterfind("asset/texture"):
            self._textures[item.get("name") or Path(item.get("file", "")).stem] = item
        self._pictures: dict[str, np.ndarray | None] = {}

    @property
    def files(self) -> list[Path]:
        """Return the pictures that the file names."""
        return [self._file(item) for item in self._textures.values() if "file" in item.attrib]

    def of(self, geom: ElementTree.Element, has_uv: bool) -> tuple[Rgba, np.ndarray | None]:
        """Return a geom's colour, and its texture (H, W, 3) where it can be drawn. Raises ConfigError."""
        name = geom.get("material")
        if name is None:
            return numbers(geom, "rgba", 4, self._default), None
        if name not in self._materials:
            raise ConfigError(unknown_name("material", name, self._materials))
        material = self._defaults.apply(self._materials[name])
        texture = material.get("texture") or next(
            (layer.get("texture") for layer in material.iterfind("layer") if layer.get("role") == "rgb"), None
        )
        if texture is None:
            return numbers(geom, "rgba", 4, numbers(material, "rgba", 4, self._default)), None
        if texture not in self._textures:
            raise ConfigError(unknown_name("texture", texture, self._textures))
        tint = numbers(geom, "rgba", 4, numbers(material, "rgba", 4, (1.0, 1.0, 1.0, 1.0)))
        item = self._textures[texture]
        picture = self._picture(texture, item)
        if picture is None:
            return tint, None
        if has_uv and item.get("type", "cube") == "2d":
            return tint, picture
        # A picture wrapped around a shape without coordinates: its mean colour is what is seen from afar.
        red, green, blue = (picture.reshape(-1, 3).mean(axis=0) / 255 * tint[:3]).tolist()
        return (red, green, blue, tint[3]), None

    def plain(self, geom: ElementTree.Element) -> Rgba:
        """Return the colour of a geom that carries no texture coordinates. Raises ConfigError."""
        return self.of(geom, has_uv=False)[0]

    def _picture(self, name: str, item: ElementTree.Element) -> np.ndarray | None:
        if name not in self._pictures:
            self._pictures[name] = None
            if "file" in item.attrib:
                file = self._file(item)
                self._pictures[name] = self._findings.attempt(
                    lambda: read_texture(file, f"{self._path.name} names it: {_REMEDY}")
                )
            else:
                mean = np.array(numbers(item, "rgb1", 3, (0.8, 0.8, 0.8)))
                if item.get("builtin") in ("gradient", "checker"):
                    mean = (mean + numbers(item, "rgb2", 3, (0.5, 0.5, 0.5))) / 2
                self._pictures[name] = np.full((2, 2, 3), 255 * np.clip(mean, 0, 1), dtype=np.uint8)
        return self._pictures[name]

    def _file(self, item: ElementTree.Element) -> Path:
        found = [folder / item.attrib["file"].replace("\\", "/") for folder in self._folders]
        return next((file for file in found if file.is_file()), found[0])
