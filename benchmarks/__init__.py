"""Speed and memory of the terminal and of central, each figure beside a baseline of the same run.

    python -m benchmarks [NAME …] [--quick] [--json FILE] [--document]

How to read what it prints: docs/benchmarks.md. Goals are told for comparison; missing one fails nothing.
"""
