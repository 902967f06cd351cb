"""The commands of the terminal, one module each.

A command's module has `add_arguments(parser)` and `run(options)`, which returns the exit status. A command
that consists of actions gives each action a parser of its own, and `run` calls the chosen one. No other part
of the program imports a command's module: `python -m kiosk` finds them by name.
"""

from importlib.util import find_spec

_COMMANDS = {
    "run": "run the terminal",
    "check": "open each device, verify the models, call central, print one table",
    "enrol": "make this terminal's key and enrol it at central, with its card reader",
    "identity": "show this terminal's key and card reader, or exchange them",
    "audit": "verify, export or restart the audit log",
    "privacy": "report what this terminal holds; erase what is due",
    "report": "report the day: how visits ended, what waits, what staff did",
    "sign": "write the sign for the entrance as an A4 page",
    "models": "install, verify or list model files",
    "evaluate": "measure error rates on data",
}


def available_commands() -> dict[str, str]:
    """Return name and one-line summary of each command; `evaluate` only where `evaluation` is installed."""
    installed = find_spec("evaluation") is not None
    return {name: text for name, text in _COMMANDS.items() if installed or name != "evaluate"}
