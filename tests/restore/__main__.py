"""`make restore-drill`: back up, get ahead, destroy, restore, and compare both ends."""

import argparse
import sys
import tempfile
from pathlib import Path

from tests.restore.drill import drill


def main() -> int:
    """Carry out the drill; return 0 if nothing was lost unnoticed and nothing doubled."""
    parser = argparse.ArgumentParser(prog="restore-drill", description=__doc__)
    parser.add_argument("--visits", type=int, default=10, help="visits of each kind")
    with tempfile.TemporaryDirectory() as folder:
        done = drill(Path(folder), parser.parse_args().visits)
    print(f"activated before the backup, found again   {done.before}")
    print(f"ahead of the backup, recovered once        {done.recovered}")
    print(f"ahead, not recoverable, listed             {done.reported} credentials, {done.told_lost} pending")
    counts = f"doubled {len(done.doubled)} · false alarms {len(done.false_alarms)}"
    print(f"lost unnoticed {len(done.lost)} · {counts}")
    for visit in (*done.lost, *done.doubled, *done.false_alarms):
        print(f"  {visit}")
    return 0 if done.good else 1


if __name__ == "__main__":
    sys.exit(main())
