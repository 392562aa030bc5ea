# SPDX-License-Identifier: Apache-2.0
"""Train what sees and what words mean, alone or as a part of a policy, on pictures with boxes."""
