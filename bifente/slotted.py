"""Slotted dataclasses that are soon made: of the functions of each only ``__init__`` is compiled, the others are shared.

:mod:`dataclasses` compiles six functions for each frozen class. A hundred classes describe a card, and making them was a
quarter of the time that ``bifente card show`` took. What is made here behaves the same, as far as our classes go
(``tests/house/test_slotted.py`` holds the two against each other), and type checkers see the original.
"""

import sys
from operator import attrgetter
from typing import TYPE_CHECKING, ClassVar

__all__ = ["dataclass", "field", "replace"]

if TYPE_CHECKING:
    from dataclasses import dataclass, field, replace
else:
    _ABSENT = object()
    """No default; and, of an argument, what stands for a value that a factory makes."""

    def field(*, default=_ABSENT, default_factory=_ABSENT, init=True, repr=True, compare=True):
        """What :func:`dataclasses.field` says of a field, for those of its options that our classes use."""
        return _Field(default, default_factory, init, repr, compare)

    def dataclass(*, slots, frozen=False, repr=True, eq=True):
        """The class decorator, as :func:`dataclasses.dataclass` with ``slots=True``."""
        if not slots:
            raise TypeError("dataclasses without slots are those of the module dataclasses")
        return lambda cls: _made(cls, frozen=frozen, shown=repr, compared=eq)

    def replace(value, /, **changes):
        """What :func:`dataclasses.replace` makes, for values of classes that are made here."""
        for name, one in type(value).__dict__["__dataclass_fields__"].fields.items():
            if one.init and name not in changes:
                changes[name] = getattr(value, name)
        return type(value)(**changes)

    class _Field:
        """One field: ``type`` is its annotation."""

        __slots__ = ("compare", "default", "factory", "init", "repr", "type")

        def __init__(self, default, factory=_ABSENT, init=True, repr=True, compare=True):
            self.default, self.factory = default, factory
            self.init, self.repr, self.compare = init, repr, compare
            self.type = None

    class _Described:
        """``__dataclass_fields__`` and ``__dataclass_params__`` for ``replace``, ``fields`` and ``asdict``: made by
        :mod:`dataclasses` itself, when first asked for."""

        def __init__(self, frozen, fields):
            self.frozen, self.fields = frozen, fields
            self.twin = None

        def __set_name__(self, owner, name):
            self.name = name

        def __get__(self, instance, owner):
            if self.twin is None:
                self.twin = self._twin()
            return getattr(self.twin, self.name)

        def _twin(self):
            import dataclasses

            described = []
            for name, one in self.fields.items():
                options = {"init": one.init, "repr": one.repr, "compare": one.compare}
                if one.default is not _ABSENT:
                    options["default"] = one.default
                if one.factory is not _ABSENT:
                    options["default_factory"] = one.factory
                described.append((name, one.type, dataclasses.field(**options)))
            return dataclasses.make_dataclass("twin", described, frozen=self.frozen, slots=True)

    def _made(cls, *, frozen, shown, compared):
        namespace = dict(cls.__dict__)
        own = _own_fields(cls, namespace)
        fields = {}
        for base in reversed(cls.__mro__[1:]):
            fields |= base.__dict__.get("__slotted_fields__", {})
        inherited = set(fields)
        fields |= own
        for name in ("__dict__", "__weakref__", *own):
            namespace.pop(name, None)
        namespace["__slots__"] = tuple(name for name in own if name not in inherited)
        namespace["__slotted_fields__"] = fields
        for name in ("__dataclass_fields__", "__dataclass_params__"):
            namespace[name] = _Described(frozen, fields)
        namespace.setdefault("__match_args__", tuple(name for name, one in fields.items() if one.init))
        namespace["__init__"] = _init(cls, fields, frozen=frozen)
        if shown:
            namespace.setdefault("__repr__", _repr([name for name, one in fields.items() if one.repr]))
        if compared:
            own_hash = namespace.get("__hash__")  # None also where the class has an __eq__ of its own
            key = _key([name for name, one in fields.items() if one.compare])
            namespace.setdefault("__eq__", _eq(key))
            if own_hash is None:
                namespace["__hash__"] = _hash(key) if frozen else None
        if frozen:
            namespace.update(__setattr__=_refuse_to_set, __delattr__=_refuse_to_delete)
            for name, method in (("__getstate__", _state), ("__setstate__", _set_state)):
                namespace.setdefault(name, method)
        namespace.setdefault("__replace__", _replaced)
        made = type(cls)(cls.__name__, cls.__bases__, namespace)
        made.__qualname__ = cls.__qualname__
        return made

    def _own_fields(cls, namespace):
        fields = {}
        for name, annotation in cls.__annotations__.items():
            if getattr(annotation, "__origin__", annotation) is ClassVar:
                continue
            given = namespace.get(name, _ABSENT)
            fields[name] = one = given if isinstance(given, _Field) else _Field(given)
            one.type = annotation
        return fields

    def _init(cls, fields, *, frozen):
        parameters, body = ["self"], []
        annotations = {}
        values = {"_set": object.__setattr__, "_absent": _ABSENT}
        for name, one in fields.items():
            value = name
            if one.factory is not _ABSENT:
                values[f"_factory_{name}"] = one.factory
                value = (
                    f"_factory_{name}() if {name} is _absent else {name}"
                    if one.init
                    else f"_factory_{name}()"
                )
            elif one.default is not _ABSENT:
                values[f"_default_{name}"] = one.default
                value = name if one.init else f"_default_{name}"
            elif not one.init:
                continue
            if one.init:
                annotations[name] = one.type
                default = "_absent" if one.factory is not _ABSENT else f"_default_{name}"
                parameters.append(f"{name}={default}" if default in values else name)
            body.append(f"_set(self, {name!r}, {value})" if frozen else f"self.{name} = {value}")
        if hasattr(cls, "__post_init__"):
            body.append("self.__post_init__()")
        text = (
            f"def made({', '.join(values)}):\n"
            f" def __init__({', '.join(parameters)}):\n  {'; '.join(body) or 'pass'}\n"
            " return __init__"
        )
        found = {}
        exec(text, sys.modules[cls.__module__].__dict__, found)  # noqa: S102 - our own names only, as dataclasses does
        init = found["made"](**values)
        init.__qualname__ = f"{cls.__qualname__}.__init__"
        init.__annotations__ = {**annotations, "return": None}
        return init

    def _key(names):
        """The function that gives the tuple of these fields."""
        if len(names) > 1:
            return attrgetter(*names)
        if not names:
            return lambda _self: ()
        [get] = map(attrgetter, names)
        return lambda self: (get(self),)

    def _eq(key):
        def __eq__(self, other):
            return key(self) == key(other) if other.__class__ is self.__class__ else NotImplemented

        return __eq__

    def _hash(key):
        def __hash__(self):
            return hash(key(self))

        return __hash__

    def _repr(names):
        def __repr__(self):
            parts = ", ".join(f"{name}={getattr(self, name)!r}" for name in names)
            return f"{self.__class__.__qualname__}({parts})"

        return __repr__

    def _refuse_to_set(_self, name, _value):
        from dataclasses import FrozenInstanceError

        raise FrozenInstanceError(f"cannot assign to field {name!r}")

    def _refuse_to_delete(_self, name):
        from dataclasses import FrozenInstanceError

        raise FrozenInstanceError(f"cannot delete field {name!r}")

    def _state(self):
        return [getattr(self, name) for name in self.__slotted_fields__]

    def _set_state(self, state):
        for name, value in zip(self.__slotted_fields__, state, strict=True):
            object.__setattr__(self, name, value)

    def _replaced(self, /, **changes):
        from dataclasses import replace

        return replace(self, **changes)
