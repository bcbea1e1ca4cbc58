"""The store of a partition's state: port, fake, and Redis."""
