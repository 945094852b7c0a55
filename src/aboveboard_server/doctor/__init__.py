"""`aboveboard doctor`: looks at a machine where a server runs or shall run, and says what to do."""
