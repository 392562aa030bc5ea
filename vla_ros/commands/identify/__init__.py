# SPDX-License-Identifier: Apache-2.0
"""`vla identify`: record an excitation, fit friction and payload, say what was found."""
