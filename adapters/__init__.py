"""The outside world: storage, registry, cluster, settings; one heavy library a file."""
