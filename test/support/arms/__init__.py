# SPDX-License-Identifier: Apache-2.0
"""Single arms for tests of control: models, limits, dynamics with delays."""
