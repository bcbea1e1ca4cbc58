"""Uploaded lists of persons: who is on them, and how a file becomes records of the log."""
