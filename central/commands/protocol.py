"""Writes what `resources/protocol` publishes: OpenAPI document, schemas and examples."""

import argparse
from pathlib import Path

SUMMARY = "write OpenAPI document, schemas and examples"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path)


def run(options: argparse.Namespace) -> int:
    from central.api import protocol_documents  # slow to import

    protocol_documents.write(options.folder)
    return 0
