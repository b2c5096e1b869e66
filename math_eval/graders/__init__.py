"""Graders: verdicts on answers."""
