"""What is told of runs while they happen: spans and metrics of OpenTelemetry, and Prometheus."""
