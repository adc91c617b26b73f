"""Telemetry of runs: spans and metrics of OpenTelemetry, and Prometheus."""
