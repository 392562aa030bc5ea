# SPDX-License-Identifier: Apache-2.0
"""Wrappers between a policy and its chunks: what one prediction owes to those before it (docs/chunking.md)."""
