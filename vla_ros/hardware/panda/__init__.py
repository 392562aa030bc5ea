# SPDX-License-Identifier: Apache-2.0
"""A Franka Panda and its hand through panda-py."""
