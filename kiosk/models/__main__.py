"""`python -m kiosk.models`: the same commands as `kiosk models`, for build machines."""

import sys

from kiosk.models.commands import main

sys.exit(main(sys.argv[1:]))
