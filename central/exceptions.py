"""The exception for a request that is refused; `central.api.exception_handlers` makes the response."""

from central.codes import Code


class Problem(Exception):  # noqa: N818 - an answer rather than an error
    """A request that is refused, with HTTP status and code. Raised anywhere below a route.

    `detail` is for engineers and never holds personal data.
    """

    def __init__(
        self, status: int, code: Code, detail: str = "", *, retry_after_s: float | None = None
    ) -> None:
        super().__init__(status, code, detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.retry_after_s = retry_after_s
