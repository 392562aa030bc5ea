# SPDX-License-Identifier: Apache-2.0
"""What cameras above totes see, as actor and critic are told it: crops, points, instances."""
