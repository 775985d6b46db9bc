"""The `everfit` command."""
