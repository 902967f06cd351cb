"""Prints the OpenAPI document."""

import argparse
import json


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add nothing: there are no arguments."""


def run(options: argparse.Namespace) -> int:
    """Print the document."""
    from central.api import protocol_documents  # slow to import

    print(json.dumps(protocol_documents.openapi(), ensure_ascii=False, indent=2))
    return 0
