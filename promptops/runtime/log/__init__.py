"""The run log: what was run, by which version, for whom, at what cost, and with which answer.

`record` holds the plain data, `log` the interface and the way in (`open_log`), `store` what both
stores have in common, `sqlite` and `postgres` the two databases, `recorder` the writer that never
raises into an application.
"""
