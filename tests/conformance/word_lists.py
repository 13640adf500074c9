"""Short lists of words for the filters that Data-Juicer reads them from files for."""

STOP_WORDS = (
    "a", "about", "after", "all", "an", "and", "are", "as", "at", "be", "been", "but", "by", "can",
    "do", "for", "from", "had", "has", "have", "he", "her", "his", "i", "if", "in", "into", "is",
    "it", "its", "may", "more", "no", "not", "of", "on", "one", "or", "our", "out", "she", "so",
    "that", "the", "their", "there", "they", "this", "to", "was", "we", "were", "when", "which",
    "who", "will", "with", "would", "you", "your", "de", "la", "el", "en", "и", "в",
    "不", "的", "是",
)  # fmt: skip
FLAGGED_WORDS = ("damn", "hell", "sex", "fool", "river", "kill", "水", "dam", "ii", "no.", "gate")
