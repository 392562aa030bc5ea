# SPDX-License-Identifier: Apache-2.0
"""Cameras behind their vendors' SDKs: frames with a stamp in this machine's time, and a reader that comes back."""
