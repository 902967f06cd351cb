"""The terminal. Importing anything of it keeps the libraries from talking to their makers."""

import os

# ONNX Runtime (1.29 and later, Linux too) makes a device id on the disk and reports model names, hashes and
# times to its maker, unless this stands in the environment before it is loaded. A terminal speaks to central
# and to nobody else, so it is set whatever stood there.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
