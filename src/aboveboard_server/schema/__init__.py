"""What the protobuf descriptors and their annotations say, and what follows from it."""
