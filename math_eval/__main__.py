"""`python -m math_eval`."""

from math_eval.cli.main import main

if __name__ == "__main__":
    main()
