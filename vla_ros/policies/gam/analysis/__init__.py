# SPDX-License-Identifier: Apache-2.0
"""What measured points alone say: picks, placements, and where a proposal really ends."""
