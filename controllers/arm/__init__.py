# SPDX-License-Identifier: Apache-2.0
"""One arm as its description has it: kinematics, dynamics, limits."""
