# SPDX-License-Identifier: Apache-2.0
"""MCAP files as bags use them, read though they are torn."""
