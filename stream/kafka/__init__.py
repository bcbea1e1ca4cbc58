"""The log: ports, fakes, and Kafka."""
