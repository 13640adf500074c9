"""Operators: one step over batches of documents each, one file each, pure."""
