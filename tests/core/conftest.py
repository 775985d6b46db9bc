"""Tests of `core/` need no Prefect, no files, no network."""
