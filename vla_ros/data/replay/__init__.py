# SPDX-License-Identifier: Apache-2.0
"""The motion of a recorded episode, to be executed again."""
