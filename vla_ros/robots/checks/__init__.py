# SPDX-License-Identifier: Apache-2.0
"""Whether a robot's description makes sense: each module answers one question with findings. No simulator."""
