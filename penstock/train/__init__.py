"""Training as functions and a loop that you iterate."""
