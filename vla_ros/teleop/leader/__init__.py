# SPDX-License-Identifier: Apache-2.0
"""Leader arms: joints that a person moves by hand, and a robot's arms that follow them (docs/teleop.md)."""
