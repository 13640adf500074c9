"""Removing copies."""
