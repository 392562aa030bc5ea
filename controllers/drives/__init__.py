# SPDX-License-Identifier: Apache-2.0
"""What drives an arm along its commanded motion: by effort, by joint positions, or by poses for its own controller."""
