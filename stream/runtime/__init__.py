"""What every process needs around its work: settings, metrics, health, logs, a clock."""
