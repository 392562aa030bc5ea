# SPDX-License-Identifier: Apache-2.0
"""Where what cameras show is: depth, points and the cameras' poses, of colour alone; features of it for policies."""
