"""The session settings that our SQL depends on, in one list.

Every connection sets them itself, because a role, a database, the server's configuration or an environment
variable may say otherwise. docs/decisions/0013 lists the settings that were reviewed and are left alone.
"""

from __future__ import annotations

# Seconds that a statement may take, unless more or less is said for one.
STATEMENT_SECONDS = 15
# Seconds after which PostgreSQL ends a transaction whose server is gone: it holds the lock that an opt-out
# waits for.
IDLE_SECONDS = 15

# By the names of pg_settings. One that a version of PostgreSQL does not know is left out there.
SETTINGS = {
    # Texts arrive as the bytes that were sent, and statements mean what they say.
    "client_encoding": "UTF8",
    "standard_conforming_strings": "on",
    "backslash_quote": "safe_encoding",
    "array_nulls": "on",
    "transform_null_equals": "off",
    # psycopg and we read values in these forms.
    "DateStyle": "ISO, YMD",
    "IntervalStyle": "postgres",
    "TimeZone": "UTC",
    "bytea_output": "hex",
    "extra_float_digits": "1",
    "quote_all_identifiers": "off",
    # Statements name tables without their schema.
    "search_path": "public",
    # A policy that hides rows is an error: a deletion must not miss what it cannot see.
    "row_security": "off",
    # The audit log is kept whole by triggers. Only a superuser may set this one.
    "session_replication_role": "origin",
    # Transactions.
    "default_transaction_isolation": "read committed",
    "default_transaction_read_only": "off",
    "default_transaction_deferrable": "off",
    "synchronous_commit": "on",
    "exit_on_error": "off",
    # A warning while a transaction is committed says that it may not be durable: it must be sent.
    "client_min_messages": "warning",
    # Time limits.
    "statement_timeout": f"{STATEMENT_SECONDS}s",
    "lock_timeout": "0",
    "idle_in_transaction_session_timeout": f"{IDLE_SECONDS}s",
    "idle_session_timeout": "0",
    "transaction_timeout": "0",
}
# Values that an operator may have chosen, and that keep what our own value keeps.
ALSO_GOOD = {"synchronous_commit": ("remote_write", "remote_apply")}


def scripts(patience: int = STATEMENT_SECONDS) -> tuple[str, str]:
    """Return the statements that set up a session, for `patience` seconds a statement; 0 for no limit.

    The first returns the version of PostgreSQL in its first column. It makes the second safe: it ends a time
    limit that is too short, and a search path on which somebody else's functions lie.
    """
    wanted = SETTINGS | {"statement_timeout": f"{patience}s"}
    first = ", ".join(
        f"pg_catalog.set_config('{name}', '{wanted[name]}', false)"
        for name in ("search_path", "statement_timeout")
    )
    values = ", ".join(f"('{name}', '{value}')" for name, value in wanted.items())
    kept = "".join(
        f" AND NOT (s.name = '{name}' AND s.setting IN ({', '.join(repr(one) for one in good)}))"
        for name, good in ALSO_GOOD.items()
    )
    others = (
        "SELECT pg_catalog.set_config(s.name, w.value, false) FROM pg_catalog.pg_settings s"
        f" JOIN (VALUES {values}) AS w (name, value) ON w.name = s.name"
        f" WHERE s.setting <> w.value{kept}"
    )
    return f"SELECT pg_catalog.version(), {first}", others
