# SPDX-License-Identifier: Apache-2.0
"""From datasets to what GEAR-VLA is made of."""
