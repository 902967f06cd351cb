"""Memory that threads freed goes back to the system: seen in a process of its own."""

import subprocess
import sys

FREED = """
import threading
from kiosk import heap

def resident_mb():
    return int(next(l for l in open("/proc/self/status") if l.startswith("VmRSS")).split()[1]) / 1000

def allocate():
    held = [bytearray(4096) for _ in range(20000)]
    kept.append(held.pop())  # lies at the end: the arena cannot shrink by itself

kept = []
thread = threading.Thread(target=allocate)
thread.start()
thread.join()
before = resident_mb()
heap.return_freed_memory()
print(before - resident_mb())
"""
ARENAS = """
import ctypes, sys, threading
from kiosk import heap

def allocate():
    bytearray(4096)
    there.wait()

if "shared" in sys.argv:
    heap.share_arenas()
there = threading.Barrier(9)
for _ in range(8):
    threading.Thread(target=allocate).start()
there.wait()
libc = ctypes.CDLL(None)
libc.fdopen.restype = ctypes.c_void_p
libc.malloc_info(0, ctypes.c_void_p(libc.fdopen(1, b"w")))
libc.fflush(None)
"""


def said(program: str, *arguments: str) -> str:
    command = [sys.executable, "-c", program, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_freed_memory_is_given_back():
    assert float(said(FREED)) > 50  # of 80 MB


def test_threads_share_arenas():
    assert said(ARENAS).count("<heap nr=") > 4  # what the C library does by itself
    assert said(ARENAS, "shared").count("<heap nr=") <= 2
