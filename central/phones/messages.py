"""Port to a provider of text messages.

Another provider is another class: name it as an entry point of group "central.messages" and choose it with
`[phone_codes] driver`. It is built with the section's options as keyword arguments.
"""

import logging
from dataclasses import dataclass
from typing import Protocol

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class CodeMessage:
    """A text message. `text`: in `language`; `code`: the one-time code in it, empty in a notice."""

    phone: str
    language: str
    code: str
    text: str

    def __repr__(self) -> str:
        return "CodeMessage(…)"


class MessagePort(Protocol):
    """A provider of text messages. `send` may be called from several threads at once."""

    def send(self, message: CodeMessage) -> None:
        """Hand the message to the provider, within three seconds: a customer waits for it.

        Raises any exception if the provider did not take it. Keep nothing of the message.
        """


def send(port: MessagePort, message: CodeMessage) -> bool:
    """Return whether the provider took the message.

    The text of its exception may hold the number, so only the type is logged.
    """
    try:
        port.send(message)
    except Exception as error:
        log.error("a message was not sent: %s", type(error).__name__)
        return False
    return True
