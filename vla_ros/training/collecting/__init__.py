# SPDX-License-Identifier: Apache-2.0
"""A scripted operator who collects what a simulated collection asks for: the whole data loop without a person."""
