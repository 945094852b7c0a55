"""Log lines of several processes share one place: none may come between the parts of another."""

from __future__ import annotations

import json
import socket
import subprocess
import sys

LINES = """
import structlog, logging
from aboveboard_server.logging import configure
configure("info")
structlog.get_logger().info("ours", number=1)
logging.getLogger("library").warning("theirs")
"""


def test_a_line_is_written_in_one_piece() -> None:
    """Each write to a socket of this kind is a message of its own, which holds whole lines."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours:
        with theirs:
            subprocess.run([sys.executable, "-c", LINES], stderr=theirs.fileno(), check=True)
        messages = list(iter(lambda: ours.recv(65536), b""))
    lines = b"".join(messages).splitlines()
    assert [json.loads(line)["event"] for line in lines] == ["ours", "theirs"]
    assert all(message.endswith(b"\n") for message in messages)
