"""The search for duplicates beside its peers: the same sets, in the same run, each alone."""
