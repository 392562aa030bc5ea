# SPDX-License-Identifier: Apache-2.0
"""What experts of tasks for two hands share: chunks of both arms, plans of both as one body, scripts that play them."""
