"""The command line `math-eval`, one module for each command."""
