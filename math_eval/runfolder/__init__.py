"""The run folder: its files, its lock, and the merge of a new request into an existing one."""
