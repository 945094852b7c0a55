"""Units of work over a SQLModel session: what the privacy operations read and write, see `unit_of_work`."""
