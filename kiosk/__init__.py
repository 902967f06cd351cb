"""The terminal in the shop. Importing any part of it switches off the telemetry of its libraries."""

import os

# ONNX Runtime (1.29 and later, Linux too) writes a device id to the disk and reports model names, hashes and
# times to its maker, unless this is in the environment before it is loaded. A terminal connects to central
# only, so it is set whatever value it had.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
