# SPDX-License-Identifier: Apache-2.0
"""GAM's data engine: scenes of totes as cameras see them, and labelled candidates of tools (GAM, section II-B)."""
