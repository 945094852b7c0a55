"""Where `aboveboard` and `python -m aboveboard_server` begin."""

from __future__ import annotations

import os

from aboveboard_server import standard_streams
from aboveboard_server.garbage import start_and_end_sooner
from aboveboard_server.surroundings import make_harmless, refuse_without_library


def before_loading() -> None:
    """Do what must be done before anything is loaded that this process does not need at once."""
    standard_streams.open_closed()
    # grpc's core would write lines of its own to standard error, about whatever callers send it. It looks
    # here when it is loaded, in this process and in all that it starts.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    start_and_end_sooner()
    make_harmless()


def main() -> None:
    """Run the command line."""
    before_loading()
    try:
        from aboveboard_server.cli.app import app  # noqa: PLC0415  # it loads grpc

        app()
    except ImportError as error:
        refuse_without_library(error)
    except OSError as error:
        standard_streams.end_without_room(error)
    finally:
        standard_streams.end_quietly_without_reader()


if __name__ == "__main__":
    main()
