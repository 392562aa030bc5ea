# SPDX-License-Identifier: Apache-2.0
"""Whether a dataset's numbers and pictures mean what its contract says: `vla policy check`."""
