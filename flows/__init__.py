"""One file a deployable flow: order and outcomes only."""
