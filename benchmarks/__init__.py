"""Side by side with peers, as ratios of one run; `python -m benchmarks [NAME ...]`."""
