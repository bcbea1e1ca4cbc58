"""A minute that shows everything: simulated shoppers, the real machine, and a receiver that checks every signature."""
