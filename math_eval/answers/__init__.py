"""Answers: from a completion to the answer text."""

from math_eval.answers.choices import chosen_letters, last_letters, short_letter
from math_eval.answers.extract import EXTRACTION_VERSION, extract_answer

__all__ = ["EXTRACTION_VERSION", "chosen_letters", "extract_answer", "last_letters", "short_letter"]
