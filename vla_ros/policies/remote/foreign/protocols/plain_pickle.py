# SPDX-License-Identifier: Apache-2.0
"""Pickles of plain values and NumPy arrays, read without pickle: no object is made, nothing is called.

GraspVLA's server answers in pickles, which may hold any code. Here a pickle is a list of instructions that are followed
one by one; those that name something are taken for the few names by which NumPy says "an array of these bytes", and
refused for every other. So a reply can hold None, truth, numbers, text, bytes, lists, tuples, mappings and arrays.
"""

from __future__ import annotations

import math
import pickletools
from typing import Any

import numpy as np

from vla_ros.policies.remote.message_pack import DEPTH_MAX, DIMENSIONS_MAX, VALUES_MAX, MessageError, check_dtype
from vla_ros.printable import printable

_MARK = object()
_CORES = ("numpy.core.multiarray", "numpy._core.multiarray")  # NumPy 1, NumPy 2
_NUMERICS = ("numpy.core.numeric", "numpy._core.numeric")


class _Named:
    """A name of NumPy's that means something here."""

    def __init__(self, name: str) -> None:
        self.name = name


_RECONSTRUCT, _SCALAR, _FRAME = _Named("_reconstruct"), _Named("scalar"), _Named("_frombuffer")
_NDARRAY, _DTYPE, _ENCODE = _Named("ndarray"), _Named("dtype"), _Named("encode")
_NAMES = {
    **{(core, "_reconstruct"): _RECONSTRUCT for core in _CORES},
    **{(core, "scalar"): _SCALAR for core in _CORES},
    **{(numeric, "_frombuffer"): _FRAME for numeric in _NUMERICS},
    ("numpy", "ndarray"): _NDARRAY,
    ("numpy", "dtype"): _DTYPE,
    ("_codecs", "encode"): _ENCODE,  # bytes, in the pickles of old protocols
}


class _Dtype:
    """A dtype that is being described."""

    def __init__(self, text: str) -> None:
        self.text, self.order = text, "="

    def dtype(self) -> np.dtype:
        return check_dtype(f"{self.order}{self.text}" if self.order in "<>" else self.text)


class _Array:
    """An array that is being described: it is one once its state is known."""

    def __init__(self) -> None:
        self.array: np.ndarray | None = None


def read_plain_pickle(data: bytes) -> Any:
    """Return the value of a pickle. Raises MessageError for anything but plain values and arrays of numbers."""
    try:
        return _finished(_Machine(data).run(), 0, [0])
    except MessageError:
        raise
    # Hostile bytes break the reading of instructions, and instructions that find nothing to work on, in many ways.
    except (ValueError, IndexError, TypeError, KeyError, OverflowError, UnicodeError, AttributeError) as error:
        raise MessageError(f"is no pickle of plain values ({type(error).__name__})") from None


class _Machine:
    """A pickle's stack and memo."""

    def __init__(self, data: bytes) -> None:
        self._data, self._left = data, 2 * len(data)  # [bytes] that may become arrays: the same ones can be named again
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}

    def run(self) -> Any:
        """Return what the pickle describes."""
        for count, (opcode, argument, _) in enumerate(pickletools.genops(self._data)):
            if count > 10 * VALUES_MAX:
                raise MessageError(f"pickle holds more than {VALUES_MAX} values: send numbers as arrays")
            if opcode.name == "STOP":
                (value,) = self._stack
                return value
            self._follow(opcode.name, argument)
        raise MessageError("pickle is cut off")

    def _follow(self, name: str, argument: Any) -> None:
        stack = self._stack
        if name in _CONSTANTS:
            stack.append(_CONSTANTS[name])
        elif name in _VALUES:
            stack.append(argument)
        elif name in _EMPTY:
            stack.append(_EMPTY[name]())
        elif name == "MARK":
            stack.append(_MARK)
        elif name in ("MEMOIZE", "PUT", "BINPUT", "LONG_BINPUT"):
            self._memo[len(self._memo) if name == "MEMOIZE" else int(argument)] = stack[-1]
        elif name in ("GET", "BINGET", "LONG_BINGET"):
            stack.append(self._memo[int(argument)])
        elif name in ("GLOBAL", "STACK_GLOBAL"):
            self._name(argument if name == "GLOBAL" else None)
        elif name in _GATHERING:
            self._gather(name)
        elif name == "REDUCE":
            arguments, what = stack.pop(), stack.pop()
            stack.append(self._called(what, arguments))
        elif name == "BUILD":
            state = stack.pop()
            self._described(stack[-1], state)
        elif name not in ("PROTO", "FRAME"):
            raise MessageError(f"pickle holds {name}, which makes more than plain values")

    def _name(self, argument: str | None) -> None:
        """Take a name of NumPy's. Raises MessageError for another: what it would call stays unknown."""
        module, name = argument.split(" ", 1) if argument is not None else (self._stack.pop(-2), self._stack.pop())
        if (module, name) not in _NAMES:
            named = printable(f"{str(module)[:60]}.{str(name)[:60]}")
            raise MessageError(f"pickle names {named}: only arrays are taken")
        self._stack.append(_NAMES[module, name])

    def _gather(self, name: str) -> None:
        """Make a tuple, list or mapping of what is on the stack, or add it to one."""
        stack = self._stack
        if name in ("TUPLE1", "TUPLE2", "TUPLE3"):
            count = int(name[-1])
            items = stack[-count:]
            if len(items) != count:
                raise MessageError("pickle is cut off")
            stack[-count:] = [tuple(items)]
            return
        if name in ("APPEND", "SETITEM"):
            count = 1 if name == "APPEND" else 2
            items = [stack.pop() for _ in range(count)][::-1]
        else:
            start = len(stack) - 1 - stack[::-1].index(_MARK)
            items = stack[start + 1 :]
            del stack[start:]
        if name == "TUPLE":
            stack.append(tuple(items))
        elif name == "LIST":
            stack.append(items)
        elif name == "DICT":
            stack.append(_mapping(items))
        elif name in ("APPEND", "APPENDS"):
            _of_type(stack[-1], list).extend(items)
        else:
            _of_type(stack[-1], dict).update(_mapping(items))

    def _called(self, what: Any, arguments: Any) -> Any:
        """Return what NumPy would make here, as a description."""
        if not isinstance(arguments, tuple):
            raise MessageError("pickle is none of NumPy's")
        if what is _RECONSTRUCT and len(arguments) == 3 and arguments[:2] == (_NDARRAY, (0,)):
            return _Array()
        if what is _DTYPE and arguments and isinstance(arguments[0], str):
            return _Dtype(arguments[0])
        if what is _SCALAR and len(arguments) == 2:
            return self._array((), arguments[0], arguments[1], False).item()
        if what is _FRAME and len(arguments) == 4:
            made = _Array()
            made.array = self._array(arguments[2], arguments[1], arguments[0], arguments[3] == "F")
            return made
        if what is _ENCODE and len(arguments) == 2 and isinstance(arguments[0], str) and arguments[1] == "latin1":
            self._spend(len(arguments[0]))
            return arguments[0].encode("latin1")
        raise MessageError("pickle calls what makes no array")

    def _described(self, what: Any, state: Any) -> None:
        """Give a dtype its byte order, an array its contents."""
        if isinstance(what, _Dtype) and isinstance(state, tuple) and len(state) >= 5 and not any(state[2:5]):
            what.order = state[1] if state[1] in ("<", ">", "|", "=") else "?"
        elif isinstance(what, _Array) and isinstance(state, tuple) and len(state) == 5:
            what.array = self._array(state[1], state[2], state[4], bool(state[3]))
        else:
            raise MessageError("pickle gives a state to what is no array")

    def _array(self, shape: Any, dtype: Any, data: Any, fortran: bool) -> np.ndarray:
        """Return an array whose size is that of its bytes."""
        sizes_fit = isinstance(shape, tuple) and len(shape) <= DIMENSIONS_MAX
        if not sizes_fit or not all(type(size) is int and 0 <= size < 2**31 for size in shape):
            raise MessageError(f"an array's shape is {printable(str(shape)[:60])}: give up to {DIMENSIONS_MAX} sizes")
        if not isinstance(dtype, _Dtype) or not isinstance(data, bytes | bytearray):
            raise MessageError("an array needs a dtype of numbers and bytes")
        kind = dtype.dtype()
        if math.prod(shape) * kind.itemsize != len(data):
            raise MessageError(f"an array of shape {shape} and dtype {kind.str} does not fit its {len(data)} bytes")
        self._spend(len(data))
        return np.frombuffer(data, kind).reshape(shape, order="F" if fortran else "C").copy()

    def _spend(self, size: int) -> None:
        self._left -= size
        if self._left < 0:
            raise MessageError("pickle describes more arrays than it has bytes")


_CONSTANTS: dict[str, Any] = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_VALUES = ("INT", "BININT", "BININT1", "BININT2", "LONG1", "FLOAT", "BINFLOAT", "UNICODE", "BINUNICODE",
           "SHORT_BINUNICODE", "BINUNICODE8", "BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8")  # fmt: skip
_EMPTY: dict[str, Any] = {"EMPTY_LIST": list, "EMPTY_DICT": dict, "EMPTY_TUPLE": tuple}
_GATHERING = ("TUPLE", "TUPLE1", "TUPLE2", "TUPLE3", "LIST", "DICT", "APPEND", "APPENDS", "SETITEM", "SETITEMS")


def _of_type(value: Any, kind: type) -> Any:
    if type(value) is not kind:
        raise MessageError(f"pickle adds to a {type(value).__name__}")
    return value


def _mapping(items: list[Any]) -> dict[str, Any]:
    keys = items[::2]
    if len(items) % 2 or not all(isinstance(key, str) and key.isprintable() for key in keys):
        raise MessageError("pickle holds a key that is no word")
    return dict(zip(keys, items[1::2], strict=True))


def _finished(value: Any, depth: int, seen: list[int]) -> Any:
    """Return a value whose descriptions are arrays; one that stands twice counts twice."""
    seen[0] += 1
    if depth > DEPTH_MAX or seen[0] > VALUES_MAX:
        raise MessageError(f"pickle is nested more than {DEPTH_MAX} deep or holds more than {VALUES_MAX} values")
    if isinstance(value, dict):
        return {key: _finished(item, depth + 1, seen) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finished(item, depth + 1, seen) for item in value]
    if isinstance(value, _Array) and value.array is not None:
        return value.array
    if value is None or isinstance(value, bool | int | float | str | bytes | bytearray):
        return value
    raise MessageError("pickle holds what is no plain value")
