"""Measurements on the real stack; ``python -m benchmarks`` runs them."""
