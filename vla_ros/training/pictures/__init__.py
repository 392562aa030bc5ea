# SPDX-License-Identifier: Apache-2.0
"""Frames of datasets that are looked at: checked, cut, asked about, shown otherwise each time."""
