import json

import pytest
import torch

from minisora.errors import UserError
from minisora.text import NULL, SIZES, TextConfig, TextEncoder, Tokenizer, pad

WORDS = ["a", "red", "ball", "blue", "box", "hops", "over", "the", "snow", ",", "."]


@pytest.fixture
def tokenizer():
    return Tokenizer.of_words(WORDS)


def encoder(words):
    torch.manual_seed(0)
    net = TextEncoder(TextConfig(words=words, **SIZES["tiny"])).eval()
    for layer in net.layers:
        torch.nn.init.normal_(layer.answer.weight, std=0.1)
        torch.nn.init.normal_(layer.down.weight, std=0.1)
    return net


def test_words_and_punctuation_are_tokens_whatever_their_case(tokenizer):
    ids, shots = tokenizer.encode("A Red ball,hops.")
    assert tokenizer.decode(ids) == "a red ball , hops ." and shots == [0] * 6


def test_the_same_words_give_the_same_numbers(tokenizer):
    assert Tokenizer.of_words(reversed(WORDS)).words == tokenizer.words
    assert [tokenizer.inner.id_to_token(i) for i in range(3)] == ["[PAD]", "[UNK]", "[NULL]"]


def test_unknown_words_are_left_out_and_told_with_their_nearest(tokenizer):
    assert tokenizer.encode("a redd dragon ball") == tokenizer.encode("a ball")
    assert tokenizer.unknown_words("a redd dragon ball, redd") == [("redd", ["red"]), ("dragon", [])]
    assert tokenizer.unknown_words("a red ball.") == []
    assert tokenizer.encode("xyzzy") == ([NULL], [0]) == tokenizer.encode("")


def test_each_token_carries_its_shot(tokenizer):
    ids, shots = tokenizer.encode([("the snow.", 0), ("a ball", 1), ("a box hops", 2)])
    assert shots == [0, 0, 0, 1, 1, 2, 2, 2] and tokenizer.decode(ids) == "the snow . a ball a box hops"
    batch = tokenizer.batch(["a ball", [("a box", 1), ("hops", 2)]])
    assert batch.mask.tolist() == [[True, True, False], [True, True, True]] and batch.shot.tolist() == [[0, 0, 0], [1, 1, 2]]


def test_saved_and_loaded(tokenizer, tmp_path):
    tokenizer.save(tmp_path / "new")
    assert Tokenizer.load(tmp_path / "new").words == tokenizer.words
    assert json.loads((tmp_path / "new" / "tokenizer.json").read_text())["model"]["type"] == "WordLevel"
    with pytest.raises(UserError, match="the tokenizer is missing"):
        Tokenizer.load(tmp_path)
    (tmp_path / "tokenizer.json").write_text("{")
    with pytest.raises(UserError, match="damaged"):
        Tokenizer.load(tmp_path)


def test_padding_changes_nothing(tokenizer):
    net, (short, long) = encoder(len(tokenizer)), (tokenizer.encode("a red ball"), tokenizer.encode("the blue box hops over the ball"))
    alone = net(*pad([short]))
    together = net(*pad([short, long]))
    torch.testing.assert_close(together[:1, :3], alone)


def test_order_matters(tokenizer):
    net = encoder(len(tokenizer))
    one, other = net(*tokenizer.batch(["red ball blue box", "blue ball red box"]))
    assert (one[1] - other[1]).abs().max() > 0.01, "the state of 'ball' must know its colour"


def test_words_of_one_shot_do_not_see_those_of_another(tokenizer):
    net = encoder(len(tokenizer))
    one, second = net(*tokenizer.batch([[("the snow", 0), (f"a {kind}", 1), ("hops", 2)] for kind in ("ball", "box")]))
    torch.testing.assert_close(one[4], second[4])
    torch.testing.assert_close(one[:2], second[:2])
    assert (one[3] - second[3]).abs().max() > 0.01
