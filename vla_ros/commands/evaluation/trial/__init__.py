# SPDX-License-Identifier: Apache-2.0
"""`vla trial`: two policies on a robot or in the simulator, judged by a person who does not know which is driving."""
