"""The commands of `verification`, one module each, with `add_arguments(parser)` and `run(options)`."""

SUMMARIES = {"run": "judge recorded clips until SIGTERM"}
