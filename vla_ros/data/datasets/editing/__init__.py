# SPDX-License-Identifier: Apache-2.0
"""A dataset made into another one: fewer episodes, frames or features, other words or picture sizes; undoable."""
