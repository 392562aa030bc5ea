# SPDX-License-Identifier: Apache-2.0
"""What the recorder node hears, and what it says about it."""
