"""Telemetry of runs: spans and metrics for OpenTelemetry, and metrics for Prometheus."""
