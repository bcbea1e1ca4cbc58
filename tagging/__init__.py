"""Pure domain of tags: rules, tag state, decay, windows, and the state of one person. No I/O, no clock."""
