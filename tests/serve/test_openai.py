"""The official client, against a real server process, over both engines."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from penstock.serve.start import Endpoint, start_endpoint

openai = pytest.importorskip("openai", reason="the official client is not installed")

QUESTION: Any = [{"role": "user", "content": "三峡大坝在哪里?"}]


@pytest.fixture(scope="module", params=["scripted", "hf"])
def api(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "scripted":
        answers = {"base": {"*": "不知道。"}, "tuned": {"*": "三峡大坝在长江上。"}}
        (folder / "script.json").write_text(json.dumps({"answers": answers}), encoding="utf-8")
        endpoint = Endpoint(str(folder / "script.json"), engine="scripted")
    else:
        base: Path = request.getfixturevalue("base_folder")
        tuned: Path = request.getfixturevalue("adapter_folder")
        endpoint = Endpoint(str(base), {"tuned": str(tuned)})
    with start_endpoint(endpoint, root=folder, name="qa") as running:
        yield openai.OpenAI(base_url=f"{running.url}/v1", api_key="none", max_retries=0)


def ask(api: Any, model: str, **options: Any) -> Any:
    options = {"max_tokens": 24, "temperature": 0, **options}
    return api.chat.completions.create(model=model, messages=QUESTION, **options)


def test_models(api: Any) -> None:
    assert [model.id for model in api.models.list()] == ["base", "tuned"]


def test_base_and_tuned_answer_differently(api: Any) -> None:
    said = {name: ask(api, name) for name in ("base", "tuned")}
    assert said["base"].choices[0].message.content != said["tuned"].choices[0].message.content
    assert said["base"].system_fingerprint != said["tuned"].system_fingerprint


@pytest.mark.parametrize("model", ["base", "tuned"])
def test_a_stream_says_the_same_as_one_body(api: Any, model: str) -> None:
    whole = ask(api, model)
    chunks = list(ask(api, model, stream=True, stream_options={"include_usage": True}))
    pieces = [chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices]
    assert "".join(pieces) == whole.choices[0].message.content
    assert chunks[-1].usage == whole.usage
    assert chunks[-2].choices[0].finish_reason == whole.choices[0].finish_reason


def test_plain_completions(api: Any) -> None:
    said = api.completions.create(model="base", prompt="The dam", max_tokens=3, temperature=0)
    assert said.object == "text_completion"
    assert said.usage.completion_tokens <= 3


def test_sampling_with_a_seed_repeats(api: Any) -> None:
    first, second = (ask(api, "tuned", temperature=1.0, seed=5, top_p=0.9) for _ in range(2))
    assert first.choices[0].message.content == second.choices[0].message.content


def test_unsupported_fields_are_bad_requests(api: Any) -> None:
    with pytest.raises(openai.BadRequestError, match="`tools` is not supported"):
        ask(api, "base", tools=[])


def test_unknown_models_are_not_found(api: Any) -> None:
    with pytest.raises(openai.NotFoundError, match="models here: base, tuned"):
        ask(api, "other")
