"""Small models get one thread, large ones and the user's own choice are left alone."""

import pytest
import torch

from penstock.models.threads import SMALL, suit_threads


class Sized:
    def __init__(self, size: int) -> None:
        self.weight = torch.empty(size, device="meta")

    def parameters(self) -> list[torch.Tensor]:
        return [self.weight]


@pytest.mark.parametrize(
    ("size", "said", "threads"), [(SMALL - 1, None, 1), (SMALL, None, 2), (10, "2", 2)]
)
def test_threads_suit_the_model(
    size: int, said: str | None, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = torch.get_num_threads()
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    if said:
        monkeypatch.setenv("OMP_NUM_THREADS", said)
    try:
        torch.set_num_threads(2)
        suit_threads(Sized(size))
        assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)
