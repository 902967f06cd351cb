"""Check that each benchmark measures something and names its baseline; speed itself is not judged here."""

from importlib import import_module

import pytest

from benchmarks import report
from benchmarks.__main__ import NAMES
from benchmarks.bench import Bench
from tests.support.faces import MODELS, needs_models


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    with Bench(tmp_path_factory.mktemp("bench") / "work", MODELS, quick=True) as made:
        yield made


@needs_models
@pytest.mark.slow
@pytest.mark.timeout(1200)  # central's parts start seven servers
@pytest.mark.parametrize("name", NAMES)
def test_it_measures_ours_and_a_baseline(name, bench):
    found = list(import_module(f"benchmarks.{name}").run(bench))
    assert found
    for one in found:
        assert one.name == name
        assert one.baselines
        measured = (one.ours, *one.baselines, *one.parts)
        assert all(value >= 0 for s in measured for value in s.values)
        assert {s.unit for s in one.baselines} == {one.ours.unit}
        assert one.title in report.block(one)
    assert any(value > 0 for one in found for value in one.ours.values)
