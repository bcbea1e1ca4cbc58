"""People who are there twice: found by blocking keys and a probability, merged or kept apart by an operator."""
