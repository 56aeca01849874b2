"""Benchmarks: each figure beside raw SQLite doing the same reads or writes in the same run."""
