# SPDX-License-Identifier: Apache-2.0
"""A simulated Franka Panda behind the network protocol of its control interface (libfranka 0.9.2), for tests."""
