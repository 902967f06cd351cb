"""Writes what `resources/protocol` publishes: OpenAPI document, schemas and examples."""

import argparse
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `central protocol`."""
    parser.add_argument("folder", type=Path)


def run(options: argparse.Namespace) -> int:
    """Write the files below the folder."""
    from central.api import protocol_documents  # slow to import

    protocol_documents.write(options.folder)
    return 0
