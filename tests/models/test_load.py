"""Loading: what works, and what is refused with a reason."""

import importlib.util
import json
import shutil
import subprocess
import sys

import pytest
import torch

from penstock.errors import MissingError, UsageError
from penstock.models.folder import Origin, weights_digest, write_model
from penstock.models.libraries import adapting, need_libraries
from penstock.models.load import base_of, load_model, load_tokenizer

IDS = torch.tensor([[5, 9, 17, 4]])


@pytest.fixture
def adapter(model_folder, tmp_path):
    """A LoRA adapter with weights of its own, beside a copy of its base."""
    from peft import LoraConfig, get_peft_model

    base, folder = tmp_path / "base", tmp_path / "adapter"
    shutil.copytree(model_folder, base)
    with adapting():
        model = get_peft_model(
            load_model(base), LoraConfig(r=2, target_modules=["q_proj"], init_lora_weights=False)
        )
    model.save_pretrained(folder)
    write_model(folder, name="a", base=Origin(str(base), weights_digest(base)))
    with torch.inference_mode():
        return folder, model.eval()(IDS).logits


def test_model_and_tokenizer_load_from_a_folder(model_folder):
    assert load_model(model_folder).dtype == torch.float32
    assert load_model(str(model_folder), dtype="bfloat16").dtype == torch.bfloat16
    assert load_tokenizer(model_folder).eos_token == "</s>"


def test_an_adapter_loads_on_its_base_with_equal_logits(adapter):
    folder, logits = adapter
    with torch.inference_mode():
        assert torch.equal(load_model(folder).eval()(IDS).logits, logits)
    assert load_tokenizer(folder).eos_token == "</s>"  # the base's: the adapter has none


def test_adapter_and_base_can_move_together(adapter, tmp_path):
    folder, logits = adapter
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    shutil.move(tmp_path / "base", moved / "base")
    shutil.move(folder, moved / "adapter")
    with torch.inference_mode():
        assert torch.equal(load_model(moved / "adapter").eval()(IDS).logits, logits)


def test_an_adapter_that_moves_alone_finds_its_base_where_it_was(adapter, tmp_path):
    folder, logits = adapter
    moved = tmp_path / "far" / "away"
    moved.parent.mkdir()
    shutil.move(folder, moved)
    with torch.inference_mode():
        assert torch.equal(load_model(moved).eval()(IDS).logits, logits)


def test_another_base_in_the_place_of_the_right_one_is_refused(adapter, tmp_path):
    folder, _ = adapter
    with open(tmp_path / "base" / "model.safetensors", "r+b") as stream:
        stream.seek(-4, 2)
        stream.write(b"\1\2\3\4")
    with pytest.raises(UsageError, match="another base"):
        base_of(folder)


def test_a_folder_that_is_not_there_or_holds_no_model(tmp_path):
    with pytest.raises(MissingError, match="no model folder"):
        load_model(tmp_path / "none")
    with pytest.raises(MissingError, match=r"no config\.json or adapter_config\.json"):
        load_model(tmp_path)


def test_a_name_that_no_hub_has(monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(MissingError, match="no folder nobody/nothing, and no model of that name"):
        load_model("nobody/nothing")


def test_pickled_weights_need_trust(model_folder, tmp_path):
    shutil.copytree(model_folder, tmp_path / "m")
    (tmp_path / "m" / "model.safetensors").unlink()
    torch.save(load_model(model_folder).state_dict(), tmp_path / "m" / "pytorch_model.bin")
    with pytest.raises(UsageError, match="pickled") as caught:
        load_model(tmp_path / "m")
    assert "--trust" in caught.value.hint
    assert load_model(tmp_path / "m", trust=True).dtype == torch.float32


def test_a_model_with_code_of_its_own_needs_trust(model_folder, tmp_path):
    shutil.copytree(model_folder, tmp_path / "m")
    config = json.loads((tmp_path / "m" / "config.json").read_text())
    config |= {"model_type": "of_my_own", "auto_map": {"AutoModelForCausalLM": "mine.Model"}}
    (tmp_path / "m" / "config.json").write_text(json.dumps(config))
    for load in (load_model, load_tokenizer):
        with pytest.raises(UsageError, match="Python code of its own"):
            load(tmp_path / "m")


def test_a_damaged_model_is_an_error_in_words(model_folder, tmp_path):
    shutil.copytree(model_folder, tmp_path / "m")
    with open(tmp_path / "m" / "model.safetensors", "r+b") as stream:
        stream.truncate(5000)
    with pytest.raises(UsageError, match="cannot be loaded"):
        load_model(tmp_path / "m")
    (tmp_path / "m" / "config.json").write_text('{"model_type": "nonesuch"}')
    with pytest.raises(UsageError, match="cannot be loaded"):
        load_model(tmp_path / "m")


def test_an_adapter_brings_its_own_end_of_answers(adapter):
    folder, _ = adapter
    (folder / "generation_config.json").write_text('{"eos_token_id": [0, 7]}')
    assert load_model(folder).generation_config.eos_token_id == [0, 7]


def test_missing_libraries_are_named(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "peft" else 1)
    with pytest.raises(MissingError, match="models need peft, which is not installed") as caught:
        need_libraries()
    assert caught.value.hint == "pip install 'penstock[train]'"


def test_importing_loads_no_torch():
    modules = "penstock.models.load, penstock.models.chat, penstock.models.client"
    modules += ", penstock.models.folder, penstock.train.settings, penstock.train.run"
    code = f"import {modules}, sys; sys.exit(bool({{'torch', 'transformers'}} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
