# SPDX-License-Identifier: Apache-2.0
"""From the simulator to a geometry encoder: it makes its pictures itself."""
