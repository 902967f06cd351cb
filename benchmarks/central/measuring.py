"""What several parts measure in the same way."""

from collections.abc import Sequence

from benchmarks.central.generator import connect, send_all
from benchmarks.central.requests import plain_request
from benchmarks.central.servers import Server

HEALTHS, CLIENTS = 500, 4


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value below which `share` of all lie, nearest rank."""
    rising = sorted(values)
    return rising[min(len(rising) - 1, int(share * len(rising)))]


def health_ms(server: Server) -> float:
    """Return the CPU milliseconds of server and database for a `GET /v1/health` on an open connection."""
    connections = connect(server.port, server.ca, CLIENTS)
    spent = server.cpu_s()
    send_all(connections, [plain_request("GET", "/v1/health")] * HEALTHS)
    spent = server.cpu_s() - spent
    for connection in connections:
        connection.close()
    return 1000 * spent / HEALTHS
