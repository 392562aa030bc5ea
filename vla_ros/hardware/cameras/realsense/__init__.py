# SPDX-License-Identifier: Apache-2.0
"""RealSense cameras by pyrealsense2."""
