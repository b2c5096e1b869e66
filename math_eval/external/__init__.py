"""Files that other harnesses wrote."""
