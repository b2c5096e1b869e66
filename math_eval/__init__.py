"""Measures how well language models solve mathematics."""
