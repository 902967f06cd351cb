"""Central at the scale of a province: what each thing costs, next to a baseline."""

import logging
from collections.abc import Iterator
from importlib import import_module

from msgspec.structs import replace

from benchmarks.bench import Bench
from benchmarks.figures import Result

PARTS = ("activations", "heartbeat", "idle_fleet", "fleet_return", "pending", "growth")
"""In this order. Each is a module with `run(bench) -> list[Result]`."""


def run(bench: Bench) -> Iterator[Result]:
    """Measure the parts that are asked for, one after the other."""
    logging.disable(logging.WARNING)  # central's commands and the terminals' code run in this process
    for name in bench.central.only or PARTS:
        command = f"`python -m benchmarks central --only {name}`."
        for one in import_module(f"benchmarks.central.{name}").run(bench):
            yield replace(one, remark=f"{one.remark} {command}")
    logging.disable(logging.NOTSET)
