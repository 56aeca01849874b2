"""The rules: pure functions on values.  No store, no clock, no plugin is called from here."""
