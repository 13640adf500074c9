"""Columns: which there are, what they are called, what type they have."""
