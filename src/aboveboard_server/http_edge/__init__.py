"""The HTTP door: browsers, and servers that speak JSON, become clients of the same service."""
