"""The oracle: what a partition of ``events`` must yield, worked out the slow and obvious way from the contract alone."""
