"""Models: the folders that hold them, and their tokenizers."""

from math_eval.models.dtype import cpu_dtype
from math_eval.models.source import Hub, LocalModel, resolve
from math_eval.models.tokenizer import Tokenizer, chat_template, has_chat_template

__all__ = ["Hub", "LocalModel", "Tokenizer", "chat_template", "cpu_dtype", "has_chat_template", "resolve"]
