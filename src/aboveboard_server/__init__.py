"""The Aboveboard service: takes telemetry events and keeps the promises made about them."""
