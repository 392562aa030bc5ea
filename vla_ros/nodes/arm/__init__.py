# SPDX-License-Identifier: Apache-2.0
"""What control and its clients share: progress, driver, the way home."""
