# SPDX-License-Identifier: Apache-2.0
"""Shape memories kept on disk: imagining a catalogue's objects takes seconds, and a start should not.

`python -m vla_ros.policies.geometric.memory_cache` fills it for the built-in objects.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable
from pathlib import Path

import numpy as np

import vla_ros.objects
from vla_ros.configuration import share_directory
from vla_ros.new_file import replace_file
from vla_ros.npz_errors import DAMAGED_NPZ
from vla_ros.objects.cache import cache_directory
from vla_ros.objects.catalogue import Catalogue
from vla_ros.objects.model import ObjectModel
from vla_ros.policies.geometric.perceiving.recognition import RecognitionConfig, ShapeMemory

_KEPT = 8  # memories: a few folders of objects, each in a few versions


def remember(catalogue: Catalogue, config: RecognitionConfig) -> ShapeMemory:
    """Return `ShapeMemory.of(catalogue, config)`, from disk when the same was imagined before."""
    path = cache_directory() / f"shapes_{_fingerprint(catalogue, config)}.npz"
    try:
        with np.load(path, allow_pickle=False) as stored:
            categories = tuple(str(name) for name in stored["categories"])
            return ShapeMemory(
                categories, stored["descriptors"], stored["category_of"], stored["height_of"], config.softness
            )
    except (OSError, *DAMAGED_NPZ):  # missing, or cut short by a full disk
        pass
    memory = ShapeMemory.of(catalogue, config)
    _write(path, memory)
    return memory


def _write(path: Path, memory: ShapeMemory) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        packed = io.BytesIO()
        np.savez(
            packed,
            categories=np.array(memory.categories),
            descriptors=memory.descriptors,
            category_of=memory.category_of,
            height_of=memory.height_of,
        )
        replace_file(path, packed.getvalue())  # another process never reads half a file
        for old in sorted(path.parent.glob("shapes_*.npz"), key=lambda kept: kept.stat().st_mtime)[:-_KEPT]:
            old.unlink(missing_ok=True)
    except OSError:
        pass  # a home that cannot be written costs time at each start, nothing else


def _fingerprint(catalogue: Catalogue, config: RecognitionConfig) -> str:
    """Name everything the memory follows from: the objects, the settings and the code that imagines them."""
    names = [model.name for model in catalogue.objects]
    digest = hashlib.sha256(repr((config, dict(catalogue.splits), names, catalogue.procedural)).encode())
    here = Path(__file__).parent
    code = [here / name for name in ("recognition.py", "descriptor.py", "surface_samples.py")]
    code += sorted(Path(vla_ros.objects.__file__).parent.rglob("*.py"))
    code += sorted((share_directory() / "config" / "objects").glob("*.yaml"))
    for path in code:
        digest.update(path.read_bytes())
    if not catalogue.procedural:  # procedural objects follow from the code and the files above
        for chunk in _contents(catalogue.objects):
            digest.update(chunk)
    return digest.hexdigest()[:24]


def _contents(models: Iterable[ObjectModel]) -> Iterable[bytes]:
    for model in models:
        yield repr((model.name, model.category, model.color, tuple(model.resting))).encode()
        for part in model.parts:
            yield repr((part.shape, part.size, part.position, part.quaternion, part.visible, part.collide)).encode()
            if part.mesh is not None:
                yield part.mesh.vertices.tobytes()
                yield part.mesh.faces.tobytes()


if __name__ == "__main__":
    from vla_ros.objects.catalogue import load_catalogue, with_receptacles

    for known in (load_catalogue(), with_receptacles(load_catalogue())):
        remember(known, RecognitionConfig())
