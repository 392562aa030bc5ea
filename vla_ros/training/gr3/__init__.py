# SPDX-License-Identifier: Apache-2.0
"""Training of GR-3: from demonstrations and pictures with boxes to a checkpoint."""
