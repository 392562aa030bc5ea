# SPDX-License-Identifier: Apache-2.0
"""The simulated world (here), the scenes it shows, grasps and the expert that know the truth, evaluation."""
