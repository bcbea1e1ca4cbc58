"""Everything on this machine: the stack, and our processes as children that are looked after."""
