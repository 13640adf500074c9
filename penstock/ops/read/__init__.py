"""Readers: files in, documents out."""
