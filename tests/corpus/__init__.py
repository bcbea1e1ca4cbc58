"""Events, definitions and broken records for tests: the same seed gives the same records."""
