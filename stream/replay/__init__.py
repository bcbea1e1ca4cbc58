"""Replays: a stretch of the log run again through the pure path, and compared with what the live stream published."""
