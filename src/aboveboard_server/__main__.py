"""Where `aboveboard` and `python -m aboveboard_server` begin."""

from __future__ import annotations

from aboveboard_server.cli.app import app


def main() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    main()
