"""Serving models: one gateway that speaks OpenAI's protocol, over replaceable engines."""
