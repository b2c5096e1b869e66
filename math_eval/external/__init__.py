"""Reading the files of other harnesses."""
