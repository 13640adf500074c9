"""The transformers engine, on a tiny Llama made here."""

import dataclasses
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from penstock.errors import MissingError, UsageError
from penstock.models.folder import read_model
from penstock.serve.engine import Delta, Request
from penstock.serve.hf import HfEngine
from penstock.serve.voices import name_sources

CHAT = ({"role": "user", "content": "三峡大坝在哪里?"},)
GREEDY = Request("base", max_tokens=24, messages=CHAT, temperature=0.0)


@pytest.fixture(scope="module")
def engine(base_folder: Path, adapter_folder: Path) -> Iterator[HfEngine]:
    engine = HfEngine(str(base_folder), {"tuned": str(adapter_folder)})
    yield engine
    engine.close()


def text(engine: HfEngine, request: Request) -> str:
    return "".join(delta.text for delta in engine.generate(request))


def last(engine: HfEngine, request: Request) -> Delta:
    return list(engine.generate(request))[-1]


def test_base_and_tuned_answer_differently_from_one_process(engine: HfEngine) -> None:
    tuned = dataclasses.replace(GREEDY, model="tuned")
    first = text(engine, GREEDY), text(engine, tuned)
    assert first[0] != first[1]
    # The adapter must be off again for the base, and on again for the tuned one.
    assert (text(engine, GREEDY), text(engine, tuned)) == first


def test_base_answers_as_if_there_were_no_adapter(engine: HfEngine, base_folder: Path) -> None:
    assert text(HfEngine(str(base_folder)), GREEDY) == text(engine, GREEDY)


def test_greedy_text_is_what_transformers_generates(engine: HfEngine, base_folder: Path) -> None:
    from penstock.models import chat
    from penstock.models.load import load_model, load_tokenizer

    tokenizer, model = load_tokenizer(base_folder), load_model(base_folder)
    chat.ensure_template(tokenizer)
    import torch

    ids = torch.tensor([chat.prompt(tokenizer, CHAT)])
    out = model.generate(
        input_ids=ids,
        attention_mask=torch.ones_like(ids),
        max_new_tokens=24,
        do_sample=False,
        pad_token_id=0,
    )
    expected = tokenizer.decode(out[0, ids.shape[1] :], skip_special_tokens=True)
    assert text(engine, GREEDY) == expected


def test_models_are_told_by_name_with_the_digest_of_their_weights(
    engine: HfEngine, base_folder: Path, adapter_folder: Path
) -> None:
    assert [(model.name, model.digest) for model in engine.models()] == [
        ("base", read_model(base_folder).weights),
        ("tuned", read_model(adapter_folder).weights),
    ]


def test_the_last_delta_counts_tokens(engine: HfEngine) -> None:
    end = last(engine, dataclasses.replace(GREEDY, max_tokens=3))
    assert end.finish_reason == "length"
    assert end.usage is not None
    assert end.usage.completion_tokens == 3
    assert end.usage.prompt_tokens > 10


def test_a_seed_repeats_a_drawn_answer(engine: HfEngine) -> None:
    drawn = dataclasses.replace(GREEDY, temperature=1.0, top_p=0.95, seed=7)
    assert text(engine, drawn) == text(engine, drawn)
    assert text(engine, drawn) != text(engine, dataclasses.replace(drawn, seed=8))


def test_a_seed_leaves_the_random_state_of_the_process_alone(engine: HfEngine) -> None:
    import torch

    before = torch.get_rng_state()
    text(engine, dataclasses.replace(GREEDY, temperature=1.0, seed=7))
    assert torch.equal(torch.get_rng_state(), before)


def test_a_stop_string_ends_the_answer_before_it(engine: HfEngine) -> None:
    whole = text(engine, GREEDY)
    stop = whole[len(whole) // 2 : len(whole) // 2 + 3]
    stopped = dataclasses.replace(GREEDY, stop=(stop,))
    assert text(engine, stopped) == whole[: whole.index(stop)]
    assert last(engine, stopped).finish_reason == "stop"


def test_an_end_token_ends_the_answer_and_is_not_in_it(base_folder: Path) -> None:
    engine = HfEngine(str(base_folder))
    prompt = engine._voices[0].prompt_ids(GREEDY)
    from penstock.serve.tokens import Sampling, write_tokens

    voice = engine._voices[0]
    second = list(write_tokens(voice.model, prompt, Sampling(3), frozenset()))[1]
    engine._voices = (dataclasses.replace(voice, ends=frozenset([second])),)
    end = last(engine, GREEDY)
    assert end.finish_reason == "stop"
    assert end.usage is not None
    assert end.usage.completion_tokens == 2


def test_a_prompt_without_room_for_an_answer_is_refused(engine: HfEngine) -> None:
    long = ({"role": "user", "content": "江" * 300},)
    with pytest.raises(UsageError, match="holds 256"):
        engine.generate(dataclasses.replace(GREEDY, messages=long))


def test_max_tokens_is_cut_to_what_the_model_holds(engine: HfEngine) -> None:
    end = last(engine, dataclasses.replace(GREEDY, max_tokens=10_000))
    assert end.usage is not None
    assert end.usage.prompt_tokens + end.usage.completion_tokens <= 256


def test_an_empty_prompt_is_refused(engine: HfEngine) -> None:
    with pytest.raises(UsageError, match="empty"):
        engine.generate(Request("base", max_tokens=1))


def test_an_unknown_model_is_named_with_those_there_are(engine: HfEngine) -> None:
    with pytest.raises(MissingError) as error:
        engine.generate(dataclasses.replace(GREEDY, model="other"))
    assert error.value.hint == "models here: base, tuned"


def test_two_at_once_get_the_answers_they_would_get_alone(engine: HfEngine) -> None:
    tuned = dataclasses.replace(GREEDY, model="tuned")
    alone = {"base": text(engine, GREEDY), "tuned": text(engine, tuned)}
    got: dict[str, str] = {}

    def ask(request: Request) -> None:
        got[request.model] = text(engine, request)

    threads = [threading.Thread(target=ask, args=(one,)) for one in (GREEDY, tuned)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == alone


def test_closing_an_answer_stops_the_model(engine: HfEngine) -> None:
    deltas = engine.generate(dataclasses.replace(GREEDY, max_tokens=200))
    next(deltas)
    deltas.close()
    assert not [one for one in threading.enumerate() if one.name == "generate"]
    started = time.monotonic()
    assert text(engine, dataclasses.replace(GREEDY, max_tokens=1)) is not None
    assert time.monotonic() - started < 5


def test_what_waits_for_the_model_can_leave(engine: HfEngine) -> None:
    first = engine.generate(GREEDY)
    next(first)
    second = engine.generate(GREEDY)
    assert next(second) == Delta()
    second.close()
    first.close()


def test_an_adapter_folder_brings_its_base_along(adapter_folder: Path) -> None:
    engine = HfEngine(str(adapter_folder))
    assert [model.name for model in engine.models()] == ["base", "tuned"]


def test_two_adapters_beside_each_other_share_a_base(adapter_folder: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    shutil.copytree(adapter_folder, tmp_path / "other")
    weights = load_file(tmp_path / "other" / "adapter_model.safetensors")
    halved = {name: weight / 2 for name, weight in weights.items()}
    save_file(halved, tmp_path / "other" / "adapter_model.safetensors")
    (tmp_path / "other" / "model.json").unlink()
    engine = HfEngine(str(adapter_folder), {"tuned": str(tmp_path / "other")})
    first, second = engine.models()
    assert (first.name, second.name) == ("base", "tuned")
    assert first.digest != second.digest
    assert len({id(voice.model) for voice in engine._voices}) == 1
    assert text(engine, GREEDY) != text(engine, dataclasses.replace(GREEDY, model="tuned"))


def test_an_adapter_of_another_base_is_refused(
    base_folder: Path, adapter_folder: Path, tmp_path: Path
) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model = AutoModelForCausalLM.from_pretrained(base_folder)
    model.lm_head.weight.data.add_(1.0)
    model.save_pretrained(tmp_path / "other")
    AutoTokenizer.from_pretrained(base_folder).save_pretrained(tmp_path / "other")
    with pytest.raises(UsageError, match="another base"):
        HfEngine(str(tmp_path / "other"), {"tuned": str(adapter_folder)})


def test_two_models_of_one_name_are_refused(base_folder: Path, adapter_folder: Path) -> None:
    with pytest.raises(UsageError, match="two models would be served as `base`"):
        HfEngine(str(base_folder), {"base": str(adapter_folder)})


def test_a_model_alone_has_its_own_name(base_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "river").symlink_to(base_folder)
    assert list(name_sources(str(tmp_path / "river"), {})) == [base_folder.name]
    assert list(name_sources("some/model", {})) == ["some/model"]


def test_a_breakdown_of_the_model_reaches_the_caller(engine: HfEngine) -> None:
    from penstock.serve.tokens import Sampling, write_tokens

    voice = engine._voices[0]
    with pytest.raises(IndexError):
        list(write_tokens(voice.model, [10_000], Sampling(1), voice.ends))
