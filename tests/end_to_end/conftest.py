from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from kiosk.models.manifest import verify
from tests.support.central_server import RunningCentral, running_central
from tests.support.headless_terminal import MODELS, TerminalSite

NEEDED = ("face_engine", "face_landmarks", "recogniser", "simulation")
CENTRAL = """
[challenges]
gap_max_s = 1.0  # as quick as central's shortest
[recheck]
after_in_simulation_s = [0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5]
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give whole visits more time than other tests: a busy machine is slow, and nothing here measures."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.timeout(900))


@pytest.fixture(scope="package", autouse=True)
def models() -> Path:
    """The folder of the real weights; without them there is no whole visit."""
    faults = verify(MODELS, NEEDED)
    if faults:
        pytest.skip(f"{faults[0]}; kiosk models install")
    return MODELS


@pytest.fixture(scope="package")
def central(tmp_path_factory: pytest.TempPathFactory, models: Path) -> Iterator[RunningCentral]:
    """One real server, in simulation, for all terminals of these tests."""
    with running_central(tmp_path_factory.mktemp("central"), settings=CENTRAL) as running:
        yield running


SiteMaker = Callable[..., TerminalSite]


@pytest.fixture(scope="module")
def new_site(tmp_path_factory: pytest.TempPathFactory, central: RunningCentral) -> Iterator[SiteMaker]:
    """Makes shops with a terminal and a line of their own."""
    with ExitStack() as stack:

        def make(**sections: Any) -> TerminalSite:
            site = TerminalSite(tmp_path_factory.mktemp("site"), central, **sections)
            stack.enter_context(site.line)
            return site

        yield make
