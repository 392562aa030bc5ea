# SPDX-License-Identifier: Apache-2.0
"""What stands between topics and the simulated world."""
