# SPDX-License-Identifier: Apache-2.0
"""`vla serve`: a policy of this installation for robots that ask over a network."""
