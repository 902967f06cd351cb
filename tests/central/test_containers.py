"""`packaging/containers`: what its files say of each other and of the programs in them."""

import ast
import re
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest
import yaml

from central import settings

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "packaging" / "containers"
COMPOSE: dict[str, Any] = yaml.safe_load((FOLDER / "compose.yaml").read_text(encoding="utf-8"))
SERVICES = COMPOSE["services"]
CONTAINERFILE = (FOLDER / "Containerfile").read_text(encoding="utf-8")
LEFT_OUT = set(re.findall(r"--no-install-package (\S+)", CONTAINERFILE))


def imported() -> set[str]:
    """Return the names of all modules that central's files import, without what follows the first dot."""
    found = set[str]()
    for path in (ROOT / "central").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {name.name.partition(".")[0] for name in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.partition(".")[0])
    return found


def test_no_package_that_central_imports_is_left_out_of_the_image() -> None:
    distributions = packages_distributions()
    needed = {name.lower() for module in imported() for name in distributions.get(module, ())}
    assert {"fastapi", "sqlalchemy", "cryptography"} <= needed
    assert not needed & LEFT_OUT


def test_each_package_that_is_left_out_is_one_of_the_lock() -> None:
    lock = tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))
    assert {package["name"] for package in lock["package"]} >= LEFT_OUT


def test_the_build_gets_every_file_that_it_copies() -> None:
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", CONTAINERFILE, re.MULTILINE)
    names = {name for line in copied for name in line.split()}
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert names == allowed
    assert all((ROOT / name).exists() for name in names)


def test_the_proxy_gets_what_its_configuration_asks_for() -> None:
    proxy = SERVICES["proxy"]
    wanted = set(
        re.findall(r"\"\$(\w+)\"", (ROOT / "packaging/proxy/haproxy.cfg").read_text(encoding="utf-8"))
    )
    assert wanted == set(proxy["environment"])
    for name in ("CENTRAL_1", "CENTRAL_2"):
        service, port = proxy["environment"][name].split(":")
        assert f"EXPOSE {port}" in CONTAINERFILE
        assert service in SERVICES
        assert f"--host {service}" in SERVICES["prepare"]["command"][0], "a name in central's certificate"


def test_central_believes_the_address_of_a_client_from_the_proxy_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    (tmp_path / "central.toml").write_bytes((FOLDER / "central.toml").read_bytes())
    loaded = settings.load(tmp_path)
    address = SERVICES["proxy"]["networks"]["inside"]["ipv4_address"]
    assert [str(network) for network in loaded.http.trusted_proxies] == [f"{address}/32"]
    grace = float(SERVICES["central1"]["stop_grace_period"].removesuffix("s"))
    assert loaded.stopping.drain_s + loaded.stopping.finish_s < grace


def test_only_the_proxy_is_reached_from_outside() -> None:
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["proxy"]
