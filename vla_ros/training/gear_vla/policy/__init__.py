# SPDX-License-Identifier: Apache-2.0
"""From datasets to a checkpoint of the small GEAR-VLA."""
