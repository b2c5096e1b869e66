"""The program of the sandbox's own process. It imports the standard library only, never math_eval.

It is started by path, with the folder above this one first on sys.path: `from zygote.main import main; main()`.
"""
