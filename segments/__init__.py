"""Pure domain of segments: conditions, evaluation, the next due time, transitions. No I/O, no clock."""
