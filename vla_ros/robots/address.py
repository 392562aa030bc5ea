# SPDX-License-Identifier: Apache-2.0
"""The address of a real robot, which robot_ip:= says and a robot's file names where it belongs."""

from __future__ import annotations

from controllers.errors import ConfigError

ADDRESS = "{robot_ip}"  # stands for what robot_ip:= says


def check_address(robot_ip: str, needed: bool, hardware: str, nobody: str) -> None:
    """Raise ConfigError for an address that is missing, is not one, or that `nobody` takes."""
    if not needed:
        if robot_ip:
            raise ConfigError(f"robot_ip:={robot_ip}: {nobody} takes one: leave it out")
        return
    if not robot_ip:
        raise ConfigError(f"hardware:={hardware} needs the robot's address: give robot_ip:=<host name or address>")
    if not all(letter.isalnum() or letter in ".-:" for letter in robot_ip):
        raise ConfigError(f"robot_ip:={robot_ip}: not a host name or address; use letters, digits, '.', '-' and ':'")
