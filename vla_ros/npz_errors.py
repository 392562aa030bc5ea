# SPDX-License-Identifier: Apache-2.0
"""What NumPy and zipfile raise for a damaged .npz file, beside OSError: more than their documentation names."""

from __future__ import annotations

import lzma
import tokenize
import zipfile
import zlib

# TokenError: half a header; RuntimeError: a file marked as encrypted; MemoryError: a shape that no machine holds.
DAMAGED_NPZ = (
    *(ValueError, KeyError, EOFError, RuntimeError, MemoryError),
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, tokenize.TokenError),
)
