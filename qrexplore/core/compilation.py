"""Compilation: how functions are compiled, and where compiled ones are kept between sessions."""

import functools
import logging
import os
import weakref
from collections.abc import Callable, Hashable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

import equinox as eqx
import jax
from jax.core import Tracer
from platformdirs import user_cache_dir

Function = TypeVar("Function", bound=Callable)
Result = TypeVar("Result")

# XLA's newer generator of fused loops compiles a chevron's Jacobian in 4.1 s instead of 2.4 s, and it runs no faster; cut into
# 4 parts instead of 32, functions compile a little sooner and take a sixth less of what `make_room` counts
_OPTIONS: dict[str, Any] = {"xla_cpu_use_fusion_emitters": False, "xla_cpu_parallel_codegen_split_count": 4}
# takes half the time to compile and several times that to run
_SELDOM: dict[str, Any] = {"xla_backend_optimization_level": 0}
# what compiles faster than this (s) is not worth a file
_WORTH_KEEPING = 0.1
# what fails in a compiled check is raised; its traceback is of no use beside
logging.getLogger("jax._src.callback").addFilter(lambda record: record.getMessage() != "jax.pure_callback failed")
# share of the memory maps of a process that compiled functions may take before they are let go
_FULL = 0.85


def _crowding() -> float:
    """Give which share of its memory maps this process has taken, 0 where the operating system does not say."""
    try:
        taken = Path("/proc/self/maps").read_bytes().count(b"\n")
        return taken / int(Path("/proc/sys/vm/max_map_count").read_text(encoding="ascii"))
    except (OSError, ValueError):
        return 0.0


def make_room() -> None:
    """Let go of all compiled functions if there may soon be no room for more.

    Each takes some memory maps, of which Linux gives a process 65530, and XLA dies of a segmentation fault where it gets no
    more. A session of many experiments would come to that. Functions are compiled again, or loaded from the kept ones, when
    they are next called.
    """
    if _crowding() > _FULL:
        let_go()


def let_go() -> None:
    """Let go of all compiled functions."""
    for function in list(_ALL):
        function.programs.clear()
    jax.clear_caches()


@functools.cache
def _known_options() -> dict[str, Any]:
    """Give what is handed to the compiler; nothing, if this version of XLA does not know all of it."""
    try:
        jax.jit(lambda x: x).lower(0.0).compile(compiler_options=_OPTIONS | _SELDOM)
    except jax.errors.JaxRuntimeError:
        return {}
    return _OPTIONS


@functools.cache
def _keep_compiled() -> None:
    """Keep compiled functions in a folder of the user, so that the next session starts at once.

    The folder is that of the operating system for caches, unless JAX has been told another
    (``JAX_COMPILATION_CACHE_DIR``) or to keep none (``JAX_ENABLE_COMPILATION_CACHE=false``).
    """
    if jax.config.jax_compilation_cache_dir is not None or not jax.config.jax_enable_compilation_cache:  # pyright: ignore[reportAttributeAccessIssue]
        return
    folder = Path(user_cache_dir("qrexplore", appauthor=False)) / "compiled"
    try:
        # machine code is loaded from here: for the eyes and hands of its owner only
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:
        return
    if os.access(folder, os.W_OK):
        jax.config.update("jax_compilation_cache_dir", str(folder))
        jax.config.update("jax_persistent_cache_min_compile_time_secs", _WORTH_KEEPING)


class _Compiled:
    """A function that is compiled for each kind of arguments it is called with.

    JAX keeps what it compiled from for as long as it might be compiled again: of 6.5 GB for the 48 experiments of the case
    study, 2.4 GB. Here each is lowered from a function that nothing else holds, so that the program alone stays.
    """

    def __init__(self, function: Callable, *, seldom: bool) -> None:
        self.function, self.seldom = function, seldom
        self.programs: dict[Hashable, _Program] = {}
        functools.update_wrapper(self, getattr(function, "func", function))
        _ALL.add(self)

    def __call__(self, *arguments: object) -> Any:
        leaves, structure = jax.tree.flatten(arguments)
        arrays = [leaf for leaf in leaves if eqx.is_array(leaf)]
        if any(isinstance(array, Tracer) for array in arrays):
            return self.function(*arguments)
        kind = structure, _devices(arrays), tuple(jax.typeof(leaf) if eqx.is_array(leaf) else leaf for leaf in leaves)
        program = self.programs.get(kind) or self._compiled(kind, leaves, structure, arrays)
        try:
            found = jax.block_until_ready(program.run(arrays))
        except jax.errors.JaxRuntimeError:
            # Equinox says in words what its checks found, where it called the function itself
            return eqx.filter_jit(self.function)(*arguments)
        return eqx.combine(found, program.static)

    def _compiled(self, kind: Hashable, leaves: list, structure: Any, arrays: list) -> "_Program":
        _keep_compiled()
        make_room()
        return self.programs.setdefault(kind, _compile(self.function, leaves, structure, arrays, self._settings()))

    def _settings(self) -> dict[str, Any]:
        options = _known_options()
        return {"compiler_options": options | _SELDOM if self.seldom else options} if options else {}


def _devices(arrays: Iterable[Any]) -> tuple[Any, frozenset]:
    """Give the device that is taken where nothing else is said, and those besides that arrays are on."""
    usual = jax.config.jax_default_device or jax.devices()[0]  # pyright: ignore[reportAttributeAccessIssue]
    found = {device for array in arrays if isinstance(array, jax.Array) for device in array.devices()}
    return usual, frozenset(found - {usual})


@dataclass(frozen=True)
class _Program:
    """A compiled function of arrays, and what it gives beside arrays."""

    run: Callable[[list], Any]
    static: Any


def _compile(function: Callable, leaves: list, structure: Any, arrays: list, settings: dict[str, Any]) -> _Program:
    others = [None if eqx.is_array(leaf) else leaf for leaf in leaves]
    static: list[Any] = []

    def run(arrays: list) -> Any:
        given = iter(arrays)
        arguments = [next(given) if eqx.is_array(leaf) else other for leaf, other in zip(leaves, others, strict=True)]
        found, rest = eqx.partition(function(*jax.tree.unflatten(structure, arguments)), eqx.is_array)
        static.append(rest)
        return found

    run.__name__ = getattr(function, "__name__", "run")
    program = jax.jit(run, **settings).lower(arrays).compile()
    return _Program(program, static[-1])


_ALL: "weakref.WeakSet[_Compiled]" = weakref.WeakSet()


def jit(function: Function, *, seldom: bool = False) -> Function:
    """Compile a function when it is first called: arrays among its arguments are traced, all else is static.

    Called from within another function that is traced, it is part of that one.

    Parameters
    ----------
    function
        What is compiled.
    seldom
        Whether it is called a few times only, so that it is better compiled soon than run fast.
    """
    return cast("Function", _Compiled(function, seldom=seldom))


def side_by_side(function: Callable[..., Result], *arguments: Iterable[Any]) -> list[Result]:
    """Give what a function makes of each of some arguments, one thread a core.

    Compilers and compiled functions run beside each other; everything else waits for its turn, so that this helps only those
    who spend their time there.
    """
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(function, *arguments))
