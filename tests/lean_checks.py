"""The checks of types in the tests, without what costs most in them and checks nothing.

jaxtyping's plugin (pyproject.toml) wraps each function of posebook. At every call its wrapper binds
the arguments and opens a table of sizes, so that `joints` is one number in all arrays of a call.
Most functions name no array: they get the same check of types by beartype alone. What names an
array, or a type that is only known later, is left to jaxtyping.
"""

import inspect
from functools import partial
from typing import Any, get_args

import jaxtyping
from beartype import BeartypeConf, beartype
from jaxtyping import _decorator

_wrapped_by_jaxtyping = _decorator.jaxtyped
_checked = beartype(conf=BeartypeConf(violation_type=jaxtyping.TypeCheckError))


def has_sizes(annotation: Any) -> bool:
    """Whether there is an array in an annotation; True where that cannot be seen yet."""
    if isinstance(annotation, list | tuple):  # the arguments of a Callable
        return any(map(has_sizes, annotation))
    if inspect.isclass(annotation) and not get_args(annotation):
        return issubclass(annotation, jaxtyping.AbstractArray)
    # A name in quotes stands for a class that is not there yet.
    unknown = isinstance(annotation, str) or hasattr(annotation, "__forward_arg__")
    return unknown or has_sizes(get_args(annotation))


def jaxtyped(fn: Any = None, *, typechecker: Any) -> Any:
    if fn is None:
        return partial(jaxtyped, typechecker=typechecker)
    plain = inspect.isfunction(fn) and not inspect.isgeneratorfunction(fn)
    if plain and not any(map(has_sizes, fn.__annotations__.values())):
        return _checked(fn)
    return _wrapped_by_jaxtyping(fn, typechecker=typechecker)


# By the first name the plugin asks for it, by the second it asks itself, for methods.
jaxtyping.jaxtyped = _decorator.jaxtyped = jaxtyped
