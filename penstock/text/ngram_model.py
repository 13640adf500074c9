"""A small language model that counts: interpolated Kneser-Ney over words or characters."""

from __future__ import annotations

import os
import re
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from penstock.text.words import UNSPACED

if TYPE_CHECKING:
    import numpy as np

Unit = Literal["word", "character"]

FORMAT = 1
_HAN = "".join(f"{first}-{last}" for first, last in UNSPACED)
_WORD = re.compile(rf"[{_HAN}]|[^\W{_HAN}]+|[^\w\s]")
_DIGIT = re.compile(r"\d")


class Level(NamedTuple):
    """The n-grams of one length, by sorted hash: what each adds to the probability of its last
    token, and what each context leaves to the shorter n-grams."""

    grams: np.ndarray
    added: np.ndarray
    contexts: np.ndarray
    left: np.ndarray


@dataclass(frozen=True)
class NgramModel:
    """A trained model. After any context the probabilities of all tokens sum to one; each of the
    tokens it knows, and the unknown one, has at least a share of `base`."""

    unit: Unit
    base: float
    levels: tuple[Level, ...]

    def probabilities(self, text: str) -> np.ndarray:
        """The probability of each token of a text, its line ends among them."""
        import numpy as np

        hashes = _hashes(text, self.unit)
        found = np.full(len(hashes), self.base)
        order = len(self.levels)
        grams = _grams(_joined([hashes], _line_end().repeat(order)), order)
        inside, before = slice(order, None), slice(order - 1, -1)
        for size, level in enumerate(self.levels, start=1):
            added = _look_up(level.grams, level.added, grams[size][inside], 0.0)
            left = _look_up(level.contexts, level.left, grams[size - 1][before], 1.0)
            found = added + left * found
        return found

    def perplexity(self, text: str) -> float | None:
        """The perplexity per token; None where there is no token."""
        import numpy as np

        found = self.probabilities(text)
        return float(np.exp(-np.mean(np.log(found)))) if len(found) else None

    def save(self, file: str | Path) -> None:
        """Write the model to a file, whole or not at all."""
        import numpy as np

        arrays = {
            f"{name}_{size}": values
            for size, level in enumerate(self.levels, start=1)
            for name, values in level._asdict().items()
        }
        part = Path(f"{file}.part")
        with part.open("wb") as stream:
            np.savez(stream, format=FORMAT, unit=self.unit, base=self.base, **arrays)
        os.replace(part, file)


def load(file: str | Path) -> NgramModel:
    """Read a model that was saved. Raises ValueError when the file is none."""
    import numpy as np

    if not zipfile.is_zipfile(file):
        raise ValueError(f"{file} is not an n-gram model that penstock saved")
    try:
        with np.load(file, allow_pickle=False) as saved:
            if saved["format"] != FORMAT:
                raise ValueError(f"{file} is an n-gram model of another version of penstock")
            order = sum(name.startswith("grams_") for name in saved.files)
            levels = tuple(
                Level(*(saved[f"{name}_{size}"] for name in Level._fields))
                for size in range(1, order + 1)
            )
            unit: Unit = "word" if saved["unit"] == "word" else "character"
            return NgramModel(unit, float(saved["base"]), levels)
    except (zipfile.BadZipFile, KeyError) as error:
        raise ValueError(f"{file} is not an n-gram model that penstock saved") from error


def train(texts: Iterable[str], *, order: int = 3, unit: Unit = "word") -> NgramModel:
    """Count n-grams of up to `order` tokens, and smooth them as Kneser and Ney (1995) do.

    Every line is a sequence of tokens and a line end; context reaches into the line before, and a
    text begins as after a line end. Letters are lower-cased, digits become 0; of words, those of
    Han and kana are single characters, and a punctuation mark is one too. An n-gram counts as often
    as it occurs if it is of the full order, and else as often as there are different tokens before
    it; the discount of each length is n1 / (n1 + 2 n2) (Ney et al. 1994), kept between 0.1 and 0.9.
    Training holds some 60 bytes for each token.

    >>> model = train(["the dam holds the river", "the dam leaks"], order=2)
    >>> model.perplexity("the dam") < model.perplexity("dam the")
    True
    """
    import numpy as np

    if order < 1:
        raise ValueError(f"`order` is {order}; an n-gram has at least 1 token")
    sequences = [_hashes(text, unit) for text in texts]
    grams = _grams(_joined(sequences, _line_end().repeat(order)), order)
    real = [np.ones(len(one), bool) for one in sequences]
    places = np.flatnonzero(_joined(real, np.zeros(order, bool)))
    if not len(places):
        raise ValueError("there is no text to train on")
    levels = []
    for size in range(order, 0, -1):
        # Below the highest order each distinct longer n-gram counts once.
        keys, first, counts = np.unique(grams[size][places], return_index=True, return_counts=True)
        places = places[first]
        levels.append(_level(keys, counts, grams[size - 1][places - 1]))
    levels.reverse()
    return NgramModel(unit, 1 / (len(levels[0].grams) + 1), tuple(levels))


def _level(keys: np.ndarray, counts: np.ndarray, contexts: np.ndarray) -> Level:
    import numpy as np

    once, twice = int(np.sum(counts == 1)), int(np.sum(counts == 2))
    discount = min(0.9, max(0.1, once / max(1, once + 2 * twice)))
    known, places = np.unique(contexts, return_inverse=True)
    totals = np.bincount(places, weights=counts)
    added = (counts - discount) / totals[places]
    left = discount * np.bincount(places) / totals
    return Level(keys, added.astype(np.float32), known, left.astype(np.float32))


def _look_up(keys: np.ndarray, values: np.ndarray, wanted: np.ndarray, other: float) -> np.ndarray:
    import numpy as np

    # In order, because a walk through memory is faster than jumps.
    order = np.argsort(wanted)
    wanted = wanted[order]
    places = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    found = np.empty(len(wanted))
    found[order] = np.where(keys[places] == wanted, values[places], np.float64(other))
    return found


def _grams(hashes: np.ndarray, order: int) -> list[np.ndarray]:
    """By size from 0 on, the hash of the n-gram that ends at each place."""
    import numpy as np

    grams = [np.zeros(len(hashes), np.uint64)]
    for _ in range(order):
        before = np.concatenate([np.zeros(1, np.uint64), grams[-1][:-1]])
        grams.append(_mixed(before * np.uint64(0x9E3779B97F4A7C15) + hashes))
    return grams


def _joined(sequences: list[np.ndarray], before: np.ndarray) -> np.ndarray:
    """All sequences in one, `before` standing before each."""
    import numpy as np

    return np.concatenate([part for one in sequences for part in (before, one)] or [before])


def _line_end() -> np.ndarray:
    import numpy as np

    return _mixed(np.array([ord("\n")], np.uint64))


def _hashes(text: str, unit: Unit) -> np.ndarray:
    """The tokens of a text, each as 64 bits."""
    import numpy as np
    import xxhash

    lines = list(_lines(text))
    if unit == "character":
        joined = "".join(f"{' '.join(line.split())}\n" for line in lines)
        codes = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), np.uint32)
        return _mixed(codes.astype(np.uint64))
    end = int(_line_end()[0])
    digest = xxhash.xxh3_64_intdigest
    found = []
    for line in lines:
        found += [digest(word.encode("utf-8", "surrogatepass")) for word in _WORD.findall(line)]
        found.append(end)
    return np.array(found, np.uint64)


def _lines(text: str) -> Iterator[str]:
    plain = _DIGIT.sub("0", text.lower())
    return (line for line in plain.splitlines() if line.strip())


def _mixed(values: np.ndarray) -> np.ndarray:
    """Each number with its bits spread over all 64 (the finaliser of SplitMix, Steele 2014)."""
    import numpy as np

    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    spread: np.ndarray = values ^ (values >> np.uint64(31))
    return spread
