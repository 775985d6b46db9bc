"""Prefect tasks: references in, references out; the only home of retries, cache policy and emitted events."""
