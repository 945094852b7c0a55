"""Plugins of the protobuf compiler that `make generate` runs."""
