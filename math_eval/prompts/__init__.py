"""Prompts: templates as data files, and few-shot demonstrations."""

from math_eval.prompts.demonstrations import Demonstration, Demonstrations, load_demonstrations
from math_eval.prompts.template import PromptSpec, Template, load_template

__all__ = ["Demonstration", "Demonstrations", "PromptSpec", "Template", "load_demonstrations", "load_template"]
