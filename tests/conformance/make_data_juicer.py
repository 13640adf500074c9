"""Write what Data-Juicer's text filters say: run in its environment, `python make_data_juicer.py
DATA`.

Its lists of stop words and flagged words are fetched from a server unless they lie in a folder;
short ones stand here, for both sides.
"""

import json
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

from data_juicer.ops import filter as filters
from data_juicer.utils.constant import Fields
from golden import Text, texts, write
from word_lists import FLAGGED_WORDS, STOP_WORDS

PEER = f"data-juicer {version('py-data-juicer')}, emoji {version('emoji')}"


def main(data: Path) -> None:
    every = list(texts(data))
    with tempfile.TemporaryDirectory() as folder:
        for name, words in (("stopwords", STOP_WORDS), ("flagged_words", FLAGGED_WORDS)):
            (Path(folder) / f"{name}.json").write_text(json.dumps({"en": list(words)}))
        said = {name: _say(one, every) for name, one in _filters(folder).items()}
    rows = [(one, {column: said[column][at] for column in said}) for at, one in enumerate(every)]
    write("data-juicer", PEER, __file__, rows)


def _filters(folder: str) -> dict[str, Any]:
    """The filters with their defaults, by the name of penstock's measure."""
    return {
        "alphanumeric": filters.AlphanumericFilter(),
        "mean_line_length": filters.AverageLineLengthFilter(),
        "longest_line": filters.MaximumLineLengthFilter(),
        "character_repetition": filters.CharacterRepetitionFilter(),
        "character_repetition_3": filters.CharacterRepetitionFilter(rep_len=3),
        "word_repetition": filters.WordRepetitionFilter(),
        "word_repetition_3": filters.WordRepetitionFilter(rep_len=3),
        "special_characters": filters.SpecialCharactersFilter(),
        "stop_words": filters.StopWordsFilter(stopwords_dir=folder),
        "flagged_words": filters.FlaggedWordFilter(flagged_words_dir=folder),
        "text_length": filters.TextLengthFilter(),
        "word_count": filters.WordsNumFilter(),
    }


def _say(one: Any, every: list[Text]) -> list[Any]:
    """The one measure of each text."""
    stats: list[dict[str, Any]] = [{} for _ in every]
    samples = {"text": [text for _, _, text in every], Fields.stats: stats}
    one.compute_stats_batched(samples)
    return [value for found in samples[Fields.stats] for value in found.values()]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
