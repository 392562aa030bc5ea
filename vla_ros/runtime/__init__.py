# SPDX-License-Identifier: Apache-2.0
"""What processes of one user tell one another outside ROS: who runs, and that an arm must stop."""
