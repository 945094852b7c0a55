"""The gRPC doors: bytes to messages, domain errors to statuses, and nothing in between."""
