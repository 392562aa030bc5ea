# SPDX-License-Identifier: Apache-2.0
"""How a network is trained, whatever it is: steps that can be gone on from, what is drawn, what is said of it."""
