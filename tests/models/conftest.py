"""A tokenizer and a model small enough to make on the spot."""

import pytest
import torch

torch.set_num_threads(1)

TEXTS = [
    "The river fills the reservoir.",
    "水电站利用水能发电。",
    "user assistant system ping pong",
] * 3


def bpe_tokenizer(**special):
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    tokens = [token for token in special.values() if isinstance(token, str)]
    trainer = trainers.BpeTrainer(
        vocab_size=320, special_tokens=tokens, initial_alphabet=alphabet, show_progress=False
    )
    bpe.train_from_iterator(TEXTS, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=bpe, **special)


def llama(tokenizer, **config):
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=32,
            intermediate_size=64,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=2,
            max_position_embeddings=256,
            **config,
        )
    )


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("base")
    tokenizer = bpe_tokenizer(eos_token="</s>")
    llama(tokenizer).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
