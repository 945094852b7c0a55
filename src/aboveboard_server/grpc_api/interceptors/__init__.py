"""What every RPC goes through, whatever its arity."""
