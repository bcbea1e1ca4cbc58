"""Definitions: what a marketer writes, checked, and the immutable model that the engine compiles."""
