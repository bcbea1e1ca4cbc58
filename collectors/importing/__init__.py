"""Files of events: lines of JSON or CSV, read so that a reader that was stopped goes on where it was."""
