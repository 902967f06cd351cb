"""Argument parsers that import a command's module only when the command is used."""

import argparse
from importlib import import_module
from typing import Any


class CommandParser(argparse.ArgumentParser):
    """Parser of one command, filled by the command's module when it first parses arguments.

    Qt, OpenCV and ONNX Runtime take seconds to import, so a command must not pay for the others. The module
    has `add_arguments(parser)` and `run(options) -> int`; the parsed options carry `run` under `run_as`.
    """

    def __init__(self, *args: Any, module: str = "", run_as: str = "run", **options: Any) -> None:
        super().__init__(*args, **options)
        self._module = module
        self._run_as = run_as

    def load(self) -> None:
        """Import the module and add its arguments; once, and not at all for a parser without a module."""
        if self._module:
            module, self._module = import_module(self._module), ""
            module.add_arguments(self)
            self.set_defaults(**{self._run_as: module.run})

    def parse_known_args(self, *args: Any, **options: Any) -> Any:
        """Load the module first. Parsers of subcommands are called through this method too."""
        self.load()
        return super().parse_known_args(*args, **options)
