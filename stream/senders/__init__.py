"""The sender: from the transitions topic to the receivers, at least once, in order per person."""
