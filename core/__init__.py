"""Pure computations: frames, arrays and small values in and out; no Prefect, no files, no network, no clock."""
