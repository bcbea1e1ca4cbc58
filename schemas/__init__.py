"""Wire contracts: events, definitions, transitions, rejections, topics. No I/O, no clock."""
