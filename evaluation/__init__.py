"""Measurements of the terminal's recognition and liveness checks on folders of data, and simulated attacks.

`kiosk evaluate MEASUREMENT …` or `python -m evaluation MEASUREMENT …`; see docs/evaluate.md. This package is
not part of a terminal's installation.

Terms follow ISO/IEC 19795-1 (FMR, FNMR) and ISO/IEC 30107-3 (APCER, BPCER). Every rate has its counts and
an interval; files that cannot be used are skipped and counted; what is simulated is called simulated.
"""
