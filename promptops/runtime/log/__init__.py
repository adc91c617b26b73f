"""The run log: what was run, by which version, for whom, at what cost, and with which answer.

`record` has the data types, `log` the interface and `open_log`, `store` the common part of both
databases, `sqlite` and `postgres`. `recorder` writes without raising errors into an application.
"""
