"""Conversations: their shapes, and what is wrong with them."""
