"""A tiny Llama with a byte-level tokenizer, an adapter for it, and scripted endpoints."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from penstock.serve.engine import Engine
from penstock.serve.start import Endpoint, RunningEndpoint, start_endpoint

SENTENCES = ["the Yangtze flows east", "三峡大坝在长江上", "水电站发电", "where is the dam"]


def tiny_tokenizer(texts: list[str]) -> Any:
    """A byte-level BPE with ChatML's tokens, so that a Han character is several tokens."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    core = Tokenizer(models.BPE())
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    trainer = trainers.BpeTrainer(
        vocab_size=300,
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    core.train_from_iterator(texts, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=core, eos_token="<|im_end|>", pad_token="<|endoftext|>"
    )


@pytest.fixture(scope="session")
def base_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder whose weights are random, and large enough to be opinionated."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    folder = tmp_path_factory.mktemp("tiny") / "base"
    tokenizer = tiny_tokenizer(SENTENCES)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=256,
        initializer_range=0.5,
        bos_token_id=0,
        eos_token_id=tokenizer.eos_token_id,
    )
    torch.manual_seed(0)
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def adapter_folder(base_folder: Path) -> Path:
    """A LoRA adapter on `base_folder` that changes what it says."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    from penstock.models.folder import Origin, read_model, write_model

    folder = base_folder.parent / "tuned"
    config = LoraConfig(r=4, target_modules=["q_proj", "v_proj"], task_type="CAUSAL_LM")
    model = get_peft_model(AutoModelForCausalLM.from_pretrained(base_folder), config)
    torch.manual_seed(1)
    for name, weight in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weight, std=2.0)
    model.save_pretrained(folder)
    base = Origin(str(base_folder), read_model(base_folder).weights)
    write_model(folder, name="tuned", base=base)
    return folder


@pytest.fixture
def live() -> Iterator[Callable[..., str]]:
    """Serves an engine of this very process, so that a test can look into it; gives the URL."""
    import uvicorn

    from penstock.serve.app import make_app

    servers: list[tuple[uvicorn.Server, threading.Thread]] = []

    def start(engine: Engine, **options: Any) -> str:
        listener = socket.create_server(("127.0.0.1", 0))
        config = uvicorn.Config(make_app(engine, **options), log_config=None)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        servers.append((server, thread))
        return f"http://127.0.0.1:{listener.getsockname()[1]}"

    yield start
    for server, thread in servers:
        server.should_exit = True
        thread.join()


@pytest.fixture
def scripted(tmp_path: Path) -> Iterator[Callable[..., RunningEndpoint]]:
    """Starts endpoints with scripted answers; they are stopped at the end of the test."""
    running: list[RunningEndpoint] = []

    def start(**script: Any) -> RunningEndpoint:
        path = tmp_path / f"script{len(running)}.json"
        path.write_text(json.dumps(script), encoding="utf-8")
        endpoint = Endpoint(str(path), engine="scripted", startup_seconds=20)
        running.append(start_endpoint(endpoint, root=tmp_path / "runs", name="scripted"))
        return running[-1]

    yield start
    for one in running:
        one.stop()
