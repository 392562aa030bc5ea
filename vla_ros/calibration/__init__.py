# SPDX-License-Identifier: Apache-2.0
"""Where cameras are and what their optics are, from pictures of a printed board: mathematics and files, no ROS."""
