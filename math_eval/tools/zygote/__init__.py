"""The program that runs inside the sandbox's own process; it imports the standard library only, never math_eval.

It is started by path: `python -s -S -B -c 'import sys; sys.path.insert(0, TOOLS); from zygote.main import main; main()'`.
"""
