"""The worker: lanes that turn a partition's records into commits and transitions, and what feeds them."""
