# SPDX-License-Identifier: Apache-2.0
"""Whole robots for tests: small, changed, faulty, operated."""
