"""Only the two heaviest libraries."""

import sys
import time

import cv2  # noqa: F401
import onnxruntime  # noqa: F401

print(time.monotonic(), flush=True)
sys.stdin.read()
