# SPDX-License-Identifier: Apache-2.0
"""Motion planning behind one function: from a joint configuration to a goal, around the scene (docs/planning.md)."""
