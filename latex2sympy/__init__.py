"""Maths text to SymPy: the parser has not moved in yet; this package only holds its place."""
