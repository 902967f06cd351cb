"""`python -m evaluation MEASUREMENT …`: the same as `kiosk evaluate`.

Exit status: 0 measured, 1 nothing could be measured, 2 settings, data or arguments that cannot be used.
"""

import argparse
import sys
from collections.abc import Sequence

from evaluation import commands
from kiosk.console import run_command
from kiosk.errors import KioskError, SettingsError


def main(argv: Sequence[str] | None = None) -> int:
    """Parse the arguments, run the measurement and return the exit status."""
    return run_command(lambda: _run(argv))


def _run(argv: Sequence[str] | None) -> int:
    parser = argparse.ArgumentParser(prog="python -m evaluation", description="Measure error rates on data.")
    commands.add_arguments(parser)
    try:
        return commands.run(parser.parse_args(argv))
    except KioskError as error:
        print(f"evaluation: {error}", file=sys.stderr)
        return 2 if isinstance(error, SettingsError) else 1


if __name__ == "__main__":
    sys.exit(main())
