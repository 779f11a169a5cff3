"""Compiled functions: traced once for a shape, and kept between sessions."""

import gc
import os
import subprocess
import sys

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.extend.core import ClosedJaxpr

from qrexplore.core import compilation, jit

# a new Python, since where compiled functions are kept is settled once
PROGRAM = """
import jax, jax.numpy as jnp
import qrexplore
from qrexplore.core import compilation, jit
compilation._WORTH_KEEPING = 0.0
hits = []
jax.monitoring.register_event_listener(lambda event, **_: hits.append(event) if event.endswith("cache_hits") else None)
print(float(jit(lambda x: jnp.sum(jnp.sin(x) @ x.T))(jnp.ones((20, 20)))))
print(len(hits))
print(jax.config.jax_compilation_cache_dir)
"""


def session(home, **more):
    """Run the program as a user whose folders are under `home`; give its lines."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("JAX_COMPILATION")}
    environment = {**kept, "HOME": str(home), "XDG_CACHE_HOME": str(home / "cache"), **more}
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True)
    return done.stdout.split()


@pytest.mark.skipif(sys.platform != "linux", reason="the folder of caches is moved by XDG_CACHE_HOME")
def test_second_session_compiles_nothing_anew(tmp_path):
    first, second = session(tmp_path), session(tmp_path)
    folder = tmp_path / "cache" / "qrexplore" / "compiled"
    assert first[0] == second[0]
    assert first[1] == "0"
    assert int(second[1]) >= 1
    assert second[2] == str(folder)
    assert folder.stat().st_mode & 0o077 == 0, "others may read or write compiled code"


def test_a_folder_that_someone_chose_is_left(tmp_path):
    chosen = tmp_path / "chosen"
    assert session(tmp_path, JAX_COMPILATION_CACHE_DIR=str(chosen))[2] == str(chosen)
    assert not (tmp_path / "cache").exists()


def test_a_home_that_cannot_be_written_is_no_error(tmp_path):
    (tmp_path / "cache").write_text("a file where the folder should be")
    assert session(tmp_path)[2] == "None"


def test_values_are_traced_and_all_else_is_static():
    traces = []

    @jit
    def scaled(x, by):
        """Scale."""
        traces.append(by)
        return x * len(by)

    assert float(scaled(jnp.asarray(2.0), "ab")) == 4.0
    assert float(scaled(jnp.asarray(3.0), "ab")) == 6.0
    assert float(scaled(jnp.asarray(3.0), "abc")) == 9.0
    assert traces == ["ab", "abc"]
    assert scaled.__doc__ == "Scale."


def test_part_of_another_function_that_is_traced():
    scaled = jit(lambda x, by: x**2 * by)
    assert float(jax.grad(scaled)(jnp.asarray(3.0), 2)) == 12.0
    assert list(jax.jit(jax.vmap(lambda x: scaled(x, 2)))(jnp.arange(3.0))) == [0.0, 2.0, 8.0]


def test_what_is_no_array_comes_back_as_it_is():
    found = jit(lambda x, name: {"twice": 2 * x, "name": name, "none": None})(np.ones(2), "q0")
    assert list(found["twice"]) == [2.0, 2.0]
    assert found["name"] == "q0"
    assert found["none"] is None


def test_a_program_stays_and_what_it_was_compiled_from_does_not():
    def traced():
        gc.collect()
        return sum(isinstance(one, ClosedJaxpr) for one in gc.get_objects())

    turned = jit(lambda x: jax.lax.sin(jax.lax.cos(x)))
    before = traced()
    found = turned(np.zeros(7))
    assert traced() == before
    np.testing.assert_allclose(found, np.sin(1.0))


def test_a_check_that_fails_says_so_in_its_words(capfd):
    checked = jit(lambda x: eqx.error_if(x, x > 1, "too large, give less"))
    assert float(checked(jnp.asarray(0.5))) == 0.5
    with pytest.raises(RuntimeError, match="too large, give less"):
        checked(jnp.asarray(2.0))
    assert "Traceback" not in capfd.readouterr().err


def test_a_compiler_that_does_not_know_the_options_gets_none(monkeypatch):
    monkeypatch.setattr(compilation, "_OPTIONS", {"xla_cpu_no_such_option": True})
    compilation._known_options.cache_clear()
    try:
        assert compilation._known_options() == {}
        assert float(jit(lambda x: x + 1)(jnp.asarray(1.0))) == 2.0
    finally:
        compilation._known_options.cache_clear()


def test_what_is_called_seldom_is_compiled_soon_and_gives_the_same(monkeypatch):
    asked = []
    lower = jax.jit

    def noted(function, **settings):
        asked.append(settings)
        return lower(function, **settings)

    monkeypatch.setattr(jax, "jit", noted)
    x = jnp.linspace(0.0, 3.0, 7)
    often, seldom = jit(lambda x: jnp.sin(x) ** 2)(x), jit(lambda x: jnp.sin(x) ** 2, seldom=True)(x)
    np.testing.assert_allclose(seldom, often, rtol=1e-14)
    levels = [one["compiler_options"].get("xla_backend_optimization_level") for one in asked if one]
    assert levels == [None, 0]


def test_compiled_functions_are_let_go_before_memory_maps_run_out(monkeypatch):
    traces = []

    @jit
    def doubled(x):
        traces.append(x)
        return 2 * x

    @jit
    def tripled(x):
        return 3 * x

    x = jnp.ones(3)
    doubled(x)
    monkeypatch.setattr(compilation, "_crowding", lambda: 0.9)
    assert list(tripled(x)) == [3, 3, 3]
    assert list(doubled(x)) == [2, 2, 2]
    assert len(traces) == 2, "it was not let go"
    monkeypatch.setattr(compilation, "_crowding", lambda: 0.4)
    jit(lambda x: 4 * x)(x)
    doubled(x)
    assert len(traces) == 2, "it was let go without need"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")
def test_each_compiled_function_takes_some_memory_maps():
    before = compilation._crowding()
    kept = [jax.jit(lambda x, by=by: jnp.sin(by * x)).lower(jnp.ones(3)).compile() for by in range(20)]
    assert len(kept) == 20
    assert 0 < before < compilation._crowding() < 1
