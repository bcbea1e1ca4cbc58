"""What a collector has accepted while the broker was away: on disk, until the broker has it."""
