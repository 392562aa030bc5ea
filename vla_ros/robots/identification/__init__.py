# SPDX-License-Identifier: Apache-2.0
"""What an arm is like beyond its URDF: an excitation, its recording, and friction and payload estimated from it."""
