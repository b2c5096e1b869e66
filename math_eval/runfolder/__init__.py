"""The run folder: its files, its lock, and how an existing one takes a new request."""
