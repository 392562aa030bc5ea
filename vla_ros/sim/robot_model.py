# SPDX-License-Identifier: Apache-2.0
"""The robot as MuJoCo sees it: the same URDF, plus motors, gripper drive, contact rules and rubber pads."""

from __future__ import annotations

import mujoco
import numpy as np

from vla_ros.robots.embodiment import Embodiment, expand_urdf
from vla_ros.robots.groups import ArmGroup, BaseConfig, EndEffectorGroup, JointGroup

VISUAL_GROUP, COLLISION_GROUP = 1, 3  # MuJoCo draws groups 0 to 2 unless told otherwise

# Contact bits. Everything that is not the robot has bit 0 in both masks (MuJoCo's default). Where there are several
# arms each has a bit of its own, from _FIRST_ARM on, which the others answer to.
_WORLD, _DISTAL, _FIRST_ARM = 1, 2, 4
_PROXIMAL_LINKS = 3  # base and the first two links: the far half of the arm may hit these

# Rubber on cloth, furniture and itself: sliding [-], torsional [m] of a patch of 8 mm radius, rolling [m]. Objects have
# their own: vla_ros/sim/pad_contacts.py.
PAD_FRICTION = (0.9, 0.005, 0.0001)
PAD_SOLREF, PAD_SOLIMP = (0.01, 1.0), (0.95, 0.99, 0.001, 0.5, 2.0)
_SHELL_FRICTION = (0.4, 0.003, 0.0001)  # painted metal
_FINGER_ARMATURE = 0.1  # [kg] spindle and motor seen from one finger: a modelling choice
_RIGID_SOLREF, _RIGID_SOLIMP = (0.005, 1.0), (0.99, 0.9999, 0.0001, 0.5, 2.0)  # the spindle that couples the fingers
BASE_JOINTS = (
    ("base_x", (1, 0, 0), mujoco.mjtJoint.mjJNT_SLIDE),
    ("base_y", (0, 1, 0), mujoco.mjtJoint.mjJNT_SLIDE),
    ("base_yaw", (0, 0, 1), mujoco.mjtJoint.mjJNT_HINGE),
)
_BASE_GAIN = 4000.0  # [N·s/m], [N·m·s/rad]: 100 kg follow a velocity within 25 ms
_SERVO_LAG = 0.02  # [rad] or [m] behind its target at which a joint group's motor gives all it can
# Soft rubber: torsion [m] and rolling [m] about the lip, so that what hangs on one cup does not spin off it.
_LIP_FRICTION = (1.0, 0.02, 0.005)
# What welds a sealed lip to what it holds: stiff, and slower than two of the longest time steps.
_SEAL_SOLREF, _SEAL_SOLIMP = (0.012, 1.0), (0.95, 0.99, 0.001, 0.5, 2.0)
_PISTON_ARMATURE = 0.05  # [kg] of what is behind a piston: a modelling choice
_PISTON_LAG = 0.005  # [m] behind its target at which a piston pushes with all it can
_GRIPPER_STIFFNESS = 10_000.0  # [N/m] of the width servo: 70 N are reached 7 mm past the object's surface
_GRIPPER_DAMPING = 120.0  # [N·s/m] about critical for two fingers with their armature


def robot_spec(embodiment: Embodiment) -> mujoco.MjSpec:
    """Build the robot's MjSpec, base at the world's origin.

    Actuators: one motor a joint named like the joint [N·m], for joint groups a position servo, one a gripper named like
    the gripper, driven by a target width [m], one a piston, a position servo named like its joint, one a cup of which
    its force alone is known, named like the cup, on (1) or off (0). A cup of a described tool is a weld of its name
    that is not active: vla_ros/sim/suction/sealing_cup.py. Gravity of the robot's own bodies is compensated, as the
    real arm does: effort commands are without gravity.
    """
    spec = mujoco.MjSpec.from_string(_with_compiler_options(expand_urdf(embodiment)))
    for body in spec.bodies:
        if body.name != "world":
            body.gravcomp = 1.0
            for geom in body.geoms:  # MuJoCo would weigh the shapes of a link without an <inertial>; control does not
                geom.density = 0.0
    _set_contact_rules(spec, embodiment)
    for arm in embodiment.arms:
        _add_motors(spec, arm)
    for group in embodiment.joint_groups:
        _add_servos(spec, group)
    if embodiment.base is not None:
        _add_base(spec, embodiment.base_frame, embodiment.base)
    for gripper in embodiment.grippers:
        _add_gripper_drive(spec, gripper)
    described = {cup for mount in embodiment.mounts for cup in mount.cups}
    for one in embodiment.suction_tools:
        for cup in one.cups:
            _make_lip(spec, cup)
            if cup in described:
                _add_seal(spec, cup)
            else:
                _add_adhesion(spec, cup, one.force)
    for one in embodiment.end_effectors:
        for joint in one.pistons:
            _add_piston(spec, joint)
    return spec


def _with_compiler_options(urdf: str) -> str:
    # MuJoCo drops visual shapes and merges links without joints from a URDF unless told not to.
    options = '<mujoco><compiler discardvisual="false" fusestatic="false" strippath="false"/></mujoco>'
    return urdf.replace("</robot>", options + "</robot>")


def _set_contact_rules(spec: mujoco.MjSpec, embodiment: Embodiment) -> None:
    """Let the robot touch the world, its hands its own base, and one arm another; neighbouring links never touch."""
    depth = {"world": -1}
    for body in spec.bodies:
        if body.name != "world":
            depth[body.name] = depth[body.parent.name] + 1
    proximal = {name for name, level in depth.items() if level < _PROXIMAL_LINKS}
    distal = {name for name, level in depth.items() if level > _PROXIMAL_LINKS + 1}
    arm_bits = _arm_bits(spec, embodiment)
    all_arms = sum(set(arm_bits.values()))
    for body in spec.bodies:
        own = arm_bits.get(body.name, 0)
        others = all_arms - own if own else 0
        for geom in body.geoms:
            if geom.contype == 0 and geom.conaffinity == 0:
                geom.group = VISUAL_GROUP
                continue
            geom.group = COLLISION_GROUP
            geom.contype = own | (_DISTAL if body.name in distal else 0)
            geom.conaffinity = _WORLD | others | (_DISTAL if body.name in proximal else 0)
            geom.friction = _SHELL_FRICTION
            if is_pad(geom):
                _make_rubber(geom)


def _arm_bits(spec: mujoco.MjSpec, embodiment: Embodiment) -> dict[str, int]:
    """Return the contact bit of every body that an arm moves, by name; none where there is one arm alone."""
    if len(embodiment.arms) < 2:
        return {}
    first = {arm.joints[0]: _FIRST_ARM << number for number, arm in enumerate(embodiment.arms)}
    bits: dict[str, int] = {}
    for body in spec.bodies:  # parents come before their children
        begins = [first[joint.name] for joint in body.joints if joint.name in first]
        bit = begins[0] if begins else bits.get(body.parent.name, 0) if body.name != "world" else 0
        if bit:
            bits[body.name] = bit
    return bits


def is_pad(geom: mujoco.MjsGeom) -> bool:
    """Say whether a geom is the rubber of a finger, which URDFs name so."""
    return bool(geom.name.endswith("_pad"))


def _make_rubber(geom: mujoco.MjsGeom, friction: tuple[float, float, float] = PAD_FRICTION, condim: int = 4) -> None:
    geom.priority = 1  # the pad's friction and softness decide, whatever it touches and is not paired with
    geom.condim = condim  # 4: sliding and torsion about the contact normal
    geom.friction = friction
    geom.solref, geom.solimp = PAD_SOLREF, PAD_SOLIMP


def _add_motors(spec: mujoco.MjSpec, arm: ArmGroup) -> None:
    for joint_name, effort, armature in zip(arm.joints, arm.effort, arm.armature, strict=True):
        joint = spec.joint(joint_name)
        joint.armature = armature
        motor = spec.add_actuator(name=joint_name, target=joint_name, trntype=mujoco.mjtTrn.mjTRN_JOINT)
        motor.set_to_motor()
        motor.biastype = mujoco.mjtBias.mjBIAS_AFFINE  # zero; World turns the motor into a position servo with it
        motor.forcelimited = mujoco.mjtLimited.mjLIMITED_TRUE
        motor.forcerange = (-effort, effort)


def _add_servos(spec: mujoco.MjSpec, group: JointGroup) -> None:
    for joint_name, effort, armature in zip(group.joints, group.effort, group.armature, strict=True):
        spec.joint(joint_name).armature = armature
        servo = spec.add_actuator(name=joint_name, target=joint_name, trntype=mujoco.mjtTrn.mjTRN_JOINT)
        servo.set_to_position(kp=effort / _SERVO_LAG, dampratio=1.0)
        servo.forcelimited = mujoco.mjtLimited.mjLIMITED_TRUE
        servo.forcerange = (-effort, effort)


def _add_piston(spec: mujoco.MjSpec, name: str) -> None:
    joint = spec.joint(name)
    joint.armature = _PISTON_ARMATURE
    force = float(joint.actfrcrange[1])
    servo = spec.add_actuator(name=name, target=name, trntype=mujoco.mjtTrn.mjTRN_JOINT)
    servo.set_to_position(kp=force / _PISTON_LAG, dampratio=1.0)
    servo.forcelimited = mujoco.mjtLimited.mjLIMITED_TRUE
    servo.forcerange = (-force, force)


def _add_base(spec: mujoco.MjSpec, frame: str, base: BaseConfig) -> None:
    """Have the base slide and turn on the floor, driven by velocities [m/s], [rad/s] of the world's axes."""
    body = spec.body(frame)
    for name, axis, kind in BASE_JOINTS:
        joint = body.add_joint(name=name, type=kind, axis=axis)
        joint.armature = 1.0  # [kg], [kg·m²] of the wheels' motors: a base whose mass is not known moves as well
        wheel = spec.add_actuator(name=name, target=name, trntype=mujoco.mjtTrn.mjTRN_JOINT)
        wheel.set_to_velocity(kv=_BASE_GAIN)


def _add_gripper_drive(spec: mujoco.MjSpec, gripper: EndEffectorGroup) -> None:
    """Drive the width through a tendon, so that the actuator's force is the force between the fingers."""
    tendon = spec.add_tendon(name=f"{gripper.name}_width")
    for joint_name in gripper.joints:
        spec.joint(joint_name).armature = _FINGER_ARMATURE
        tendon.wrap_joint(joint_name, 1.0)
    for coupling in spec.equalities:
        if {coupling.name1, coupling.name2} <= set(gripper.joints):
            coupling.solref, coupling.solimp = _RIGID_SOLREF, _RIGID_SOLIMP
    drive = spec.add_actuator(name=gripper.name, target=tendon.name, trntype=mujoco.mjtTrn.mjTRN_TENDON)
    drive.gaintype, drive.biastype = mujoco.mjtGain.mjGAIN_FIXED, mujoco.mjtBias.mjBIAS_AFFINE
    drive.gainprm[0] = _GRIPPER_STIFFNESS
    drive.biasprm[:3] = np.array([0.0, -_GRIPPER_STIFFNESS, -_GRIPPER_DAMPING])
    drive.forcelimited = mujoco.mjtLimited.mjLIMITED_TRUE
    drive.forcerange = (-gripper.force, gripper.force)
    drive.ctrllimited = mujoco.mjtLimited.mjLIMITED_TRUE
    drive.ctrlrange = (gripper.width_min, gripper.width_max)


def _make_lip(spec: mujoco.MjSpec, cup: str) -> None:
    for geom in spec.body(cup).geoms:
        if geom.group == COLLISION_GROUP:
            _make_rubber(geom, _LIP_FRICTION, condim=6)


def _add_adhesion(spec: mujoco.MjSpec, cup: str, force: float) -> None:
    """Have a cup that is on pull what its lip touches with `force` [N]: adhesion, which asks for no tight seal."""
    pull = spec.add_actuator(name=cup, target=cup, trntype=mujoco.mjtTrn.mjTRN_BODY)
    pull.set_to_adhesion(gain=force)
    pull.ctrllimited = mujoco.mjtLimited.mjLIMITED_TRUE
    pull.ctrlrange = (0.0, 1.0)


def _add_seal(spec: mujoco.MjSpec, cup: str) -> None:
    """Have a weld ready between a lip and what it will seal on, and room to exclude that pair from collision."""
    weld = spec.add_equality(name=cup, type=mujoco.mjtEq.mjEQ_WELD, objtype=mujoco.mjtObj.mjOBJ_BODY, active=False)
    weld.name1, weld.name2 = cup, "world"
    weld.solref, weld.solimp = _SEAL_SOLREF, _SEAL_SOLIMP
    spec.add_exclude(name=cup, bodyname1=spec.body(cup).parent.name, bodyname2=cup)
