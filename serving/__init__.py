"""The HTTP endpoint: champions in, predictions out, every answer logged."""
