"""The commands of `central`, one module each.

A command's module has `add_arguments(parser)` and `run(options)`, which returns the exit status: 0 done,
1 refused. A command that consists of actions gives each action a parser of its own, and `run` calls the
chosen one. What is slow to import (the web framework) is imported inside of `run`.
"""

from importlib import import_module
from types import ModuleType

SUMMARIES = {
    "init": "make keys, certificate and database; keep those that exist",
    "migrate": "bring the tables of an earlier release to those of this one",
    "run": "serve",
    "enrol-code": "print a one-time code for a terminal",
    "enrol-codes": "write one-time codes for the terminals of a CSV file, and sheets of them",
    "revoke": "refuse a terminal's signatures from now on",
    "fleet": "load or show the list of terminals",
    "alarms": "list open alarms; status 1 if there is any (for monitoring)",
    "clerk": "administer clerks and supervisors of the terminals",
    "credential": "suspend a credential, and lift that",
    "relying-party": "register services that may ask for online authentication",
    "privacy": "report what central holds of people; erase what is due",
    "import-requests": "take requests from a USB stick",
    "export-receipts": "write signed answers onto a USB stick",
    "rotate-sealing": "make one more sealing key, which terminals get some minutes later",
    "audit": "verify an export of a terminal's audit log",
    "show": "print how many terminals, activations and credentials there are",
    "openapi": "print the OpenAPI document",
    "protocol": "write OpenAPI document, schemas and examples",
}
"""Name and one-line summary of each command."""


def load(name: str) -> ModuleType:
    """Import the module of a command."""
    return import_module(f"central.commands.{name.replace('-', '_')}")
