# SPDX-License-Identifier: Apache-2.0
"""An operator in an emulated headset who performs an episode: the way, the hands, and what he sees of the robot."""
