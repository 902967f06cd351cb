"""The address that a request is counted under: behind a proxy the one that the proxy names."""

from pathlib import Path

import pytest
import requests

from central.settings import SettingsError, load
from tests.support.central_server import RunningCentral, running_central

BURST = 2
RARE = f"[requests]\nstrangers_burst = {BURST}\nstrangers_per_s = 1e-6\n"


def look_up(central: RunningCentral, address: str) -> int:
    """The status for somebody whom the proxy calls `address`."""
    answer = requests.get(
        f"{central.url}/look-up/0000-0000-0000-0000",
        headers={"X-Forwarded-For": address},
        verify=str(central.ca),
        timeout=60,
    )
    return answer.status_code


def test_a_strangers_header_gives_no_other_address(tmp_path: Path):
    with running_central(tmp_path, settings=RARE) as central:
        statuses = [look_up(central, f"203.0.113.{last}") for last in range(BURST + 1)]
    assert statuses == [404] * BURST + [429]


def test_a_trusted_proxys_header_does(tmp_path: Path):
    proxied = RARE + '[http]\ntrusted_proxies = ["127.0.0.1/32"]\n'
    with running_central(tmp_path, settings=proxied) as central:
        statuses = [look_up(central, f"203.0.113.{last}") for last in range(BURST + 1)]
        assert statuses == [404] * (BURST + 1)
        # What the client itself wrote stands before what the proxy adds, and counts for nothing.
        repeated = [look_up(central, f"198.51.100.{last}, 203.0.113.0") for last in range(BURST)]
    assert repeated == [404] * (BURST - 1) + [429]


def test_a_proxy_that_is_no_address_is_refused(tmp_path: Path):
    (tmp_path / "central.toml").write_text('[http]\ntrusted_proxies = ["*"]\n')
    with pytest.raises(SettingsError, match="trusted_proxies"):
        load(tmp_path)
