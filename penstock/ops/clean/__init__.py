"""Operators that clean texts."""
