"""Canonical forms of what people type: pure functions, value in, value out.

Each raises ``ValueError`` with a message that says what is expected and never
repeats the value.  Heavy libraries are imported at first use, so that importing
the core stays cheap.
"""
