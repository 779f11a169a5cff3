"""Twins in files: every bit comes back, nothing else comes in, and two twins differ by a table."""

import dataclasses
import inspect
import json
import pkgutil

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import qrexplore as qx
from qrexplore import twin as twins
from qrexplore.core import Named
from qrexplore.twin import difference, from_specification, library, specification
from qrexplore.twin.electronics import (
    DAC,
    FIR,
    BiasTee,
    Butterworth,
    DriveGain,
    ExponentialSum,
    IQMixer,
    LocalOscillator,
    SignalChain,
)
from qrexplore.twin.electronics.exponential import ExponentialTerm
from qrexplore.twin.electronics.filters import Tap
from qrexplore.twin.noise import DriveNoise, FluxNoise, FrequencyNoise, OneOverF, Share, SlowNoise, Telegraph
from qrexplore.twin.readout import AssignmentReadout, DispersiveReadout, IQReadout, RescaledReadout, SignalReadout


def rich():
    """A twin with what no function of the library gives: noise, crosstalk, other readouts, other stages."""
    twin = library.wired_transmons()
    noise = SlowNoise(
        Named(
            {
                "common": FluxNoise("q1", 3e-6, OneOverF(), also=Named({"q0": Share(0.3)})),
                "defect": FrequencyNoise("q0", 20e3, Telegraph(rate=500.0)),
                "drive": DriveNoise("q1"),
            }
        ),
        nodes=5,
        seed=3,
    )
    stages = {
        "converter": DAC(1.0, bits=None),
        "clock": LocalOscillator(),
        "mixer": IQMixer(1.02, 0.02, 2e-3, -1e-3),
        "taps": FIR(1e-9, Named({"tap_0": Tap(0.9), "tap_1": Tap(0.1)})),
        "settling": ExponentialSum(Named({"one": ExponentialTerm(), "two": ExponentialTerm()})),
        "bandwidth": Butterworth(300e6, order=3),
        "tee": BiasTee(40e-6),
        "transfer": DriveGain(1e8),
    }
    chip = dataclasses.replace(
        twin.chip,
        qubits=twin.chip.qubits.replace(
            {"q0": dataclasses.replace(twin.chip.qubits["q0"], levels=4, relaxation=twins.UpperRelaxation())}
        ),
    )
    return dataclasses.replace(
        twin,
        chip=chip,
        noise=noise,
        crosstalk=twins.crosstalk(static_flux={("q0", "q1"): 0.02}, microwave={("q1", "q0"): 0.01 + 0.02j}),
        lines=twin.lines.replace({"drive_q0": SignalChain(2e9, Named(stages))}),
        readout=Named({"readout_q0": DispersiveReadout(), "readout_q1": AssignmentReadout()}),
        thermal_start=True,
    ).with_defect("q1", twins.Defect(5.1e9), 2e6, name="flaw")


def every_twin():
    """The twins of the library, in all their forms that are given by yes or no, and the rich one."""
    yes_no = {"mediated": (False, True), "dissipative": (False, True), "count": (2, 3)}
    for name, function in inspect.getmembers(library, inspect.isfunction):
        signature = inspect.signature(function)
        if signature.return_annotation is twins.Twin and not any(
            one.default is one.empty for one in signature.parameters.values()
        ):
            yield name, function()
            for option, values in yes_no.items():
                if option in signature.parameters:
                    yield from ((f"{name} {option} {value}", function(**{option: value})) for value in values)
    yield "rich", rich()
    for readout in (IQReadout, RescaledReadout, SignalReadout):
        yield readout.__name__, library.assemble({"q0": twins.Transmon(5e9)}, readout={"q0": readout()})


TWINS = dict(every_twin())


def assert_equal(first, second):
    assert jax.tree.structure(first) == jax.tree.structure(second)
    for a, b in zip(jax.tree.leaves(first), jax.tree.leaves(second), strict=True):
        assert (a.dtype, a.shape, np.asarray(a).tobytes()) == (b.dtype, b.shape, np.asarray(b).tobytes())
        assert a.weak_type == b.weak_type
    assert not difference(first, second).changes


@pytest.mark.parametrize("name", TWINS)
def test_a_twin_comes_back_from_a_file_bit_for_bit(name, tmp_path):
    qx.save_twin(TWINS[name], tmp_path / "twin.json")
    assert_equal(qx.open_twin(tmp_path / "twin.json"), TWINS[name])


def test_the_twins_tried_hold_nearly_every_component():
    held = {type(part).__name__ for twin in TWINS.values() for _, _, part in twins_walk(twin)}
    left = set(twins.components()) - held
    assert left <= {"CoupledResonator", "Digitizer", "Disturbance", "GaussianFilter", "LowPass", "Resonator"}, left


def twins_walk(twin):
    from qrexplore.core import walk

    return list(walk(twin))


def test_every_component_class_is_known():
    for entry in pkgutil.walk_packages(twins.__path__, "qrexplore.twin."):
        __import__(entry.name)
    final = {
        kind
        for kind in subclasses(eqx.Module)
        if kind.__module__.startswith("qrexplore.twin") and not kind.__name__.startswith(("Abstract", "_"))
    }
    assert {kind.__name__ for kind in final} == set(twins.components())


def subclasses(kind):
    return {one for child in kind.__subclasses__() for one in (child, *subclasses(child))}


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_number_comes_back_bit_for_bit(data):
    twin = TWINS["wired_transmons"]
    leaves, structure = jax.tree.flatten(twin)
    numbers = data.draw(st.lists(st.floats(width=64), min_size=len(leaves), max_size=len(leaves)))
    moved = jax.tree.unflatten(structure, [jnp.asarray(number) for number in numbers])
    back = from_specification(json.loads(json.dumps(specification(moved), allow_nan=False)))
    for a, b in zip(jax.tree.leaves(moved), jax.tree.leaves(back), strict=True):
        np.testing.assert_array_equal(np.asarray(a), np.asarray(b))
        assert np.isnan(a) or np.signbit(a) == np.signbit(b)


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.complex128, np.int64, np.bool_])
def test_stacked_twins_come_back_as_well(dtype):
    twin = library.transmon()
    stacked = eqx.tree_at(lambda t: t.chip.qubits["q0"].t1, twin, jnp.asarray(np.arange(6).reshape(2, 3), dtype=dtype))
    assert_equal(from_specification(json.loads(json.dumps(specification(stacked)))), stacked)


def changed(change):
    """Give the specification of a transmon after a change made to it in place."""
    values = json.loads(json.dumps(specification(library.transmon())))
    change(values)
    return values


def qubit(values):
    return values["chip"]["qubits"]["named"][0][1]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda v: v.update({"class": "os.system"}), "`the twin` must be a component of qrexplore.twin, got class 'os.system'"),
        (lambda v: qubit(v).update({"class": "Transmn"}), "`the twin.chip.qubits.q0` .* Near names: Transmon"),
        (lambda v: qubit(v).update(t3=1.0), r"`the twin.chip.qubits.q0` of class Transmon has the fields .*, got 't3'"),
        (lambda v: qubit(v).pop("frequency"), "`the twin.chip.qubits.q0.frequency` must be given"),
        (lambda v: qubit(v).update(frequency="fast"), "`the twin.chip.qubits.q0.frequency` must be a number or an array"),
        (lambda v: qubit(v).update(levels=3.5), "`the twin.chip.qubits.q0.levels` must be of kind int, got 3.5"),
        (lambda v: qubit(v).update(levels={"x": 1}), "`the twin.chip.qubits.q0.levels` must be a component, a number"),
        (lambda v: v.update(chip=qubit(v)), "`the twin.chip` must be of kind Chip"),
        (lambda v: v.update(readout=v["chip"]["qubits"]), r"`the twin.readout` must be of kind .*Named"),
        (lambda v: v["chip"]["qubits"]["named"].append(["q0", {}]), "`the twin.chip.qubits` must be pairs of a name, each once"),
        (lambda v: v["chip"]["qubits"]["named"][0].__setitem__(0, "q 0"), "`the twin.chip.qubits`: `name` of a part"),
        (lambda v: v.update(thermal_start=1), "`the twin.thermal_start` must be of kind bool, got 1"),
        (
            lambda v: qubit(v).update(t1={"array": {"dtype": "object", "shape": [], "values": [1]}}),
            "`the twin.chip.qubits.q0.t1` must have one of the dtypes",
        ),
        (
            lambda v: qubit(v).update(t1={"array": {"dtype": "float64", "shape": [2], "values": [1]}}),
            "`the twin.chip.qubits.q0.t1` must be as many numbers as the shape",
        ),
        (lambda v: qubit(v).update(levels=2), "`the twin.chip.qubits.q0` is refused by Transmon: "),
        (lambda v: v.update({"class": "Chip"}), "`the twin` of class Chip has the fields"),
    ],
)  # fmt: skip
def test_what_is_no_twin_is_refused_with_its_place(change, words):
    with pytest.raises(ValueError, match=words):
        from_specification(changed(change))


def test_another_component_is_no_twin():
    with pytest.raises(ValueError, match="`the twin` must be a component of class 'Twin', got "):
        from_specification(qubit(changed(lambda _: None)))


def test_what_is_no_part_of_a_twin_is_not_written():
    twin = library.transmon()
    strange = dataclasses.replace(twin, chip=dataclasses.replace(twin.chip, qubits=Named({"q0": object()})))
    with pytest.raises(ValueError, match=r"`the twin.chip.qubits.q0` must be a component, a number"):
        specification(strange)
    with pytest.raises(ValueError, match="must be a concrete number to be written, got 'DynamicJaxprTracer'"):
        jax.jit(lambda t: specification(t) and 0)(twin)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "'twin.json': the JSON text cannot be read"),
        ("[1]", "'twin.json': this is no file of a twin. Give a file that `qrexplore.save_twin` wrote."),
        ('{"format": "qrexplore twin", "schema": 7, "qrexplore": "9.1", "twin": {}}',
         "schema 7, written by qrexplore '9.1'; this is qrexplore .* reads schema 1. Install the newer"),
        ('{"format": "qrexplore twin", "schema": 1, "twin": {"class": 3}}', "'twin.json': `the twin` must be a component"),
        ("[" * 100, "nested deeper"),
    ],
)  # fmt: skip
def test_a_file_that_holds_no_twin_is_refused_by_name(content, words, tmp_path):
    (tmp_path / "twin.json").write_text(content)
    with pytest.raises(ValueError, match=words):
        qx.open_twin(tmp_path / "twin.json")


def test_two_twins_differ_by_a_table():
    twin = library.two_transmons()
    other = twin.replace({"q0.frequency": 4.80125e9, "flux_q1.distortion.amplitude": -0.03})
    other = dataclasses.replace(
        other,
        thermal_start=True,
        lines=other.lines.replace(
            {"drive_q0": SignalChain(1e9, Named({"transfer": DriveGain(1e8), "tee": BiasTee()}))}
        ),
    )
    found = difference(twin, other, stderr={"q0.frequency": 0.5e6})
    assert [row.path for row in found.changes] == [
        "q0.frequency", "flux_q1.distortion.amplitude", "thermal_start", "drive_q0.tee", "drive_q0.tee.time_constant",
    ]  # fmt: skip
    first = found.changes[0]
    assert (first.unit, first.first, first.second, first.difference) == ("Hz", 4.8e9, 4.80125e9, 1.25e6)
    assert first.sigmas == 2.5
    assert repr(found).splitlines()[:2] == [
        "path                          first    second       difference  standard errors",
        "q0.frequency                  4.8 GHz  4.80125 GHz  1.25 MHz    +2.50",
    ]
    assert repr(difference(twin, twin)) == "the twins are equal"


def test_twins_that_differ_in_the_last_bit_differ():
    twin = library.transmon()
    assert len(difference(twin, twin.replace({"q0.t1": np.nextafter(float(twin.chip.qubits["q0"].t1), 1.0)}))) == 1
