# SPDX-License-Identifier: Apache-2.0
"""What happened, kept: bags, and whether they are any good. No ROS in here: bytes in, bytes out."""
