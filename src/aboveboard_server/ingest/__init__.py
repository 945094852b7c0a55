"""The way of an event: from the request to a durable row and a verdict."""
