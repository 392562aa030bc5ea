# SPDX-License-Identifier: Apache-2.0
"""The family `remote`: a policy that another process or machine computes, and the messages between the two sides."""
