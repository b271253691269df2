"""All correct APIs."""

from __future__ import annotations

from verification.correct_apis import answering, binary_words, entering, own_words, speaking_first
from verification.correct_apis.registry import APIS

MODULES = (speaking_first, entering, own_words, binary_words, answering)

__all__ = ["APIS", "MODULES"]
