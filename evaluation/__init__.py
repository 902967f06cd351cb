"""Measurements on folders of data: `kiosk evaluate speech | face | pad | lips --data DIR`.

Terms follow ISO/IEC 19795-1 (FMR, FNMR) and ISO/IEC 30107-3 (APCER, BPCER). Every rate has its counts and
an interval; bad files are skipped and counted; what is simulated is called simulated.
"""
