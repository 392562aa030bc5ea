# SPDX-License-Identifier: Apache-2.0
"""What the control loop itself is worth: its cost by stage, its punctuality, its stops, a million ticks of it."""
