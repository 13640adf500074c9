"""Numbers that hashes of shingles and pieces are made of, for plain functions and kernels alike."""

# Odd numbers without a pattern: where a hash begins, and by what it grows.
SEED, STEP, BASE = 0x243F6A8885A308D3, 0x9E3779B97F4A7C15, 0xD1342543DE82EF95
# A second one, for keys of 128 bits.
SECOND_SEED, SECOND_STEP = 0xBE5466CF34E90C6D, 0xD1342543DE82EF95
FIRST_MIX, SECOND_MIX = 0xBF58476D1CE4E5B9, 0x94D049BB133111EB

# What a character is, beside what it becomes, in the tables for the kernels.
SINGLE, SEPARATOR, DROPPED = 1 << 24, 1 << 25, 1 << 26
