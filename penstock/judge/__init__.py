"""Judging two models on the same questions: metrics, statistics, likelihood, one report."""
