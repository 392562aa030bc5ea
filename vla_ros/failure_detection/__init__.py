# SPDX-License-Identifier: Apache-2.0
"""Know while a policy acts that it will fail: SAFE's detectors on a policy's features, baselines, conformal bands."""
