# SPDX-License-Identifier: Apache-2.0
"""Random valid chunks against an arm without end stops."""
