"""The store, packing, the order of rows, and the tokenizer."""

import numpy as np
import pytest

from penstock.train.batches import IGNORED, Source, batches, collate, order, total_steps
from penstock.train.packing import pack
from penstock.train.settings import Schedule
from penstock.train.tokenizer import train_tokenizer
from penstock.train.tokens import Counts, Encoded, write_store


@pytest.fixture
def store(tmp_path):
    rows = [Encoded(list(range(3, 3 + size)), [at > 1 for at in range(size)]) for size in (5, 4, 7)]
    return write_store(tmp_path, rows, "key")


def test_a_store_gives_back_what_was_written(store):
    ids, supervised = store[1]
    assert ids.tolist() == [3, 4, 5, 6]
    assert supervised.tolist() == [False, False, True, True]
    assert store.lengths == [5, 4, 7]
    assert store.counts == Counts(rows=3, tokens=16, supervised=10)


def test_a_store_is_written_once_for_a_key(store, tmp_path):
    assert len(write_store(tmp_path, iter([]), "key")) == 3
    assert len(write_store(tmp_path, iter([]), "another key")) == 0


def test_the_first_token_is_never_supervised_and_empty_rows_are_counted(tmp_path):
    rows = [
        Encoded([1, 2], [True, True]),
        Encoded([1], [True]),
        Encoded([1, 2], [False, False], True),
    ]
    store = write_store(tmp_path, rows, "")
    assert store[0][1].tolist() == [False, True]
    assert store.counts == Counts(rows=1, tokens=2, supervised=1, unsupervised=2)


def test_truncation_is_counted(tmp_path):
    store = write_store(tmp_path, [Encoded([1, 2], [False, True], truncated=True)], "")
    assert store.counts.truncated == 1


def test_packing_fills_rows_and_loses_none():
    lengths = np.random.default_rng(0).integers(1, 100, 2000).tolist()
    groups = pack(lengths, 128)
    assert sorted(at for group in groups for at in group) == list(range(2000))
    assert max(sum(lengths[at] for at in group) for group in groups) <= 128
    assert len(groups) <= 1.02 * -(-sum(lengths) // 128)


def test_a_packed_row_knows_its_documents(store):
    source = Source(store, capacity=9)
    rows = [source[at] for at in range(len(source))]
    assert [row.lengths for row in rows] == [(7,), (5, 4)]
    assert rows[1].supervised.tolist() == [False, False, True, True, True, False, False, True, True]


def test_collating_pads_and_ignores_what_is_not_supervised(store):
    source = Source(store)
    inputs = collate([source[0], source[1]], pad=6, packed=False)
    assert inputs["input_ids"].tolist() == [[3, 4, 5, 6, 7], [3, 4, 5, 6, 6]]
    # The padding id 6 occurs as a supervised token as well, and stays one.
    x = IGNORED
    assert inputs["labels"].tolist() == [[x, x, 5, 6, 7], [x, x, 5, 6, x]]
    assert inputs["attention_mask"].tolist() == [[1, 1, 1, 1, 1], [1, 1, 1, 1, 0]]
    assert inputs["keep"].tolist() == [1, 2, 3]


def test_collating_packed_rows_restarts_positions(store):
    source = Source(store, capacity=9)
    inputs = collate([source[0], source[1]], pad=0, packed=True)
    assert "attention_mask" not in inputs
    assert inputs["position_ids"].tolist() == [
        [0, 1, 2, 3, 4, 5, 6, 0, 1],
        [0, 1, 2, 3, 4, 0, 1, 2, 3],
    ]


def test_the_order_is_a_permutation_of_seed_and_epoch():
    assert sorted(order(1, 0, 1000)) == list(range(1000))
    assert order(1, 0, 1000).tolist() == order(1, 0, 1000).tolist()
    assert order(1, 0, 1000).tolist() != order(1, 1, 1000).tolist()
    assert order(1, 0, 1000).tolist() != order(2, 0, 1000).tolist()


def test_starting_late_gives_the_same_batches(store):
    source = Source(store)
    schedule = Schedule(num_train_epochs=3, per_device_train_batch_size=2)
    every = list(batches(source, schedule, 7))
    assert len(every) == total_steps(schedule, 3) == 6
    for start in range(6):
        late = list(batches(source, schedule, 7, start))
        assert [[row.lengths for row in batch.rows] for batch in late] == [
            [row.lengths for row in batch.rows] for batch in every[start:]
        ]
    for epoch in range(3):  # each epoch takes each row once
        taken = [row.lengths for batch in every[2 * epoch : 2 * epoch + 2] for row in batch.rows]
        assert sorted(taken) == [(4,), (5,), (7,)]
    assert sum(batch.supervised for batch in every) == 30


def test_the_tokenizer_is_the_same_twice_and_encodes_anything():
    texts = ["The Arlen is 412 kilometres long.", "水电站利用水能发电。"] * 4
    one, two = train_tokenizer(texts, 300), train_tokenizer(iter(texts), 300)
    assert one.backend_tokenizer.to_str() == two.backend_tokenizer.to_str()
    assert one.pad_token_id != one.eos_token_id
    assert len(one) == 300
    for text in ("Ω≈ç√ 🏞️ \x00\n\n  tabs\t", "never seen: Ⱥ", "<|im_end|>x"):
        assert one.decode(one(text)["input_ids"]) == text
