"""A picture is kept at central in a whole visit, if the person agreed to that and not otherwise."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from kiosk.model import Outcome
from tests.end_to_end.conftest import SiteMaker
from tests.support.central_server import RunningCentral
from tests.support.headless_terminal import HeadlessTerminal, genuine_customer


@pytest.fixture(scope="module")
def headless(new_site: SiteMaker, central: RunningCentral) -> Iterator[HeadlessTerminal]:
    site = new_site(visit={"keep_picture": True})
    site.enrol()
    with HeadlessTerminal(site.settings) as made:
        yield made.in_service()


@pytest.mark.parametrize("keeps", [True, False])
def test_a_picture_is_kept_with_consent_only(
    headless: HeadlessTerminal, central: RunningCentral, keeps: bool
) -> None:
    ended = headless.visit(genuine_customer(keeps=keeps, seed=71 + keeps), until=Outcome.ACTIVATED)
    with closing(sqlite3.connect(central.database)) as connection:
        kept = connection.execute(
            "SELECT count(*) FROM reference_pictures WHERE credential = ?", (ended.slip.credential,)
        ).fetchone()
    assert kept == (int(keeps),)
