"""Where `aboveboard` and `python -m aboveboard_server` begin."""

from __future__ import annotations

import os


def main() -> None:
    """Run the command line."""
    # grpc would write of handshakes that fail, with addresses; what concerns us reaches us as exceptions.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    # Late: grpc asks for it when it is imported.
    from aboveboard_server.cli.app import app  # noqa: PLC0415

    app()


if __name__ == "__main__":
    main()
