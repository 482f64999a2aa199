"""The outside world: publishers, simulated worlds, loaders of files. Knows the contract alone."""
