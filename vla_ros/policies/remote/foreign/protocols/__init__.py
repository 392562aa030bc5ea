# SPDX-License-Identifier: Apache-2.0
"""How servers of others speak: openpi's websocket, GR00T's and GraspVLA's ZeroMQ."""
