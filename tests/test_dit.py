import pytest
import torch
import torch.nn.functional as F

from minisora import flow
from minisora.dit import NEVER, PRESETS, Block, Bound, DiT, DiTConfig, attention, text_bias, without
from minisora.errors import UserError
from minisora.patches import Grid, positions, rotary

TINY = PRESETS["tiny"]


def awake(config=TINY):
    """A DiT whose zero-initialised layers are not zero, so that everything acts on everything."""
    torch.manual_seed(0)
    net = DiT(config).eval()
    for value in net.parameters():
        if not value.any():
            torch.nn.init.normal_(value, std=0.1)
    return net


def inputs(t=3, h=4, w=4, B=2, L=5, config=TINY):
    torch.manual_seed(1)
    mask, shot = torch.ones(B, L, dtype=torch.bool), torch.zeros(B, L, dtype=torch.long)
    return torch.randn(B, config.channels, t, h, w), torch.rand(B, t), torch.randn(B, L, config.text_width), mask, shot


def naive(q, k, v, bias=None):
    out = torch.zeros_like(q)
    for b in range(q.shape[0]):
        for head in range(q.shape[1]):
            for n in range(q.shape[2]):
                score = torch.stack([q[b, head, n] @ key for key in k[b, head]])
                if bias is not None:
                    score = score + bias[b, 0, n if bias.shape[2] > 1 else 0]
                out[b, head, n] = sum(weight * value for weight, value in zip(score.softmax(0), v[b, head], strict=True))
    return out


@pytest.mark.parametrize("grad", [True, False])
@pytest.mark.parametrize("rows", [None, 1, 4])
def test_our_attention_is_the_naive_one(grad, rows):
    q, k, v = torch.randn(2, 3, 4, 8), torch.randn(2, 3, 6, 8), torch.randn(2, 3, 6, 8)
    bias = None if rows is None else torch.where(torch.rand(2, 1, rows, 6) < 0.3, NEVER, 0.0)
    with torch.set_grad_enabled(grad):
        torch.testing.assert_close(attention(q, k, v, bias), naive(q, k, v, bias), atol=1e-5, rtol=1e-5)


def test_attention_has_the_gradients_of_torchs_own():
    q, k, v = torch.randn(3, 2, 3, 4, 8, requires_grad=True)
    ours = torch.autograd.grad(attention(q, k, v).square().sum(), (q, k, v))
    theirs = torch.autograd.grad(F.scaled_dot_product_attention(q, k, v, scale=1.0).square().sum(), (q, k, v))
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one, other, atol=1e-4, rtol=1e-4)


def test_a_newborn_block_is_the_identity_and_a_newborn_network_says_zero():
    x, sigma, text, mask, shot = inputs()
    block, n = Block(TINY), 4
    tokens = torch.randn(2, 3, n, TINY.width)
    turn = tuple(part.unflatten(0, (3, n)) for part in rotary(positions(Grid(3, 2, 2)), TINY.width // TINY.heads))
    assert torch.equal(block(tokens, torch.zeros(2, 3, 6, TINY.width), turn, text, torch.zeros(2, 3, 5)), tokens)
    assert not DiT(TINY)(x, sigma, text, mask, shot).any()


def test_every_latent_and_word_matters():
    x, sigma, text, mask, shot = inputs()
    net = awake()
    x.requires_grad_(), sigma.requires_grad_(), text.requires_grad_()
    net(x, sigma, text, mask, shot)[:, :, 0].square().sum().backward()
    assert (x.grad.abs().amax(1) > 0).all(), "full attention: the first frame depends on every place of every frame"
    assert (sigma.grad != 0).all() and (text.grad.abs().amax(-1) > 0).all()


@pytest.mark.parametrize("t, h, w", [(1, 8, 8), (5, 8, 8), (9, 8, 12), (2, 12, 8)])
def test_any_duration_and_size(t, h, w):
    x, *rest = inputs(t, h, w)
    out = awake()(x, *rest)
    assert out.shape == x.shape and out.isfinite().all()


def test_masked_words_change_nothing():
    x, sigma, text, mask, shot = inputs()
    net = awake()
    before = net(x, sigma, text, mask, shot)
    longer = torch.cat((text, torch.randn(2, 3, TINY.text_width)), 1)
    after = net(x, sigma, longer, F.pad(mask, (0, 3)), F.pad(shot, (0, 3)))
    torch.testing.assert_close(after, before, atol=1e-5, rtol=1e-5)


def test_shots_words_go_to_their_frames_alone():
    frames = torch.tensor([[1, 1, 2]])
    bias = text_bias(torch.tensor([[True, True, True, False]]), torch.tensor([[0, 1, 2, 0]]), frames)
    assert (bias[0] == 0).tolist() == [[True, True, False, False], [True, True, False, False], [True, False, True, False]]


def test_one_shot_is_plain_cross_attention():
    x, sigma, text, mask, shot = inputs()
    net = awake()
    torch.testing.assert_close(net(x, sigma, text, mask, shot), net(x, sigma, text, mask, shot + 1, torch.ones(2, 3, dtype=torch.long)))
    apart = net(x, sigma, text, mask, shot + 1, torch.tensor([[1, 1, 2]] * 2))
    assert (apart - net(x, sigma, text, mask, shot)).abs().max() > 1e-3


def test_a_batch_is_its_videos_one_by_one():
    x, sigma, text, mask, shot = inputs()
    net = awake()
    one_by_one = torch.cat([net(x[i : i + 1], sigma[i : i + 1], text[i : i + 1], mask[i : i + 1], shot[i : i + 1]) for i in range(2)])
    torch.testing.assert_close(net(x, sigma, text, mask, shot), one_by_one, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("prediction", flow.PREDICTIONS)
def test_whatever_is_predicted_a_velocity_comes_out(prediction):
    config = DiTConfig(**{**TINY.to_dict(), "prediction": prediction})
    x, sigma, *words = inputs(config=config)
    net = awake(config)
    raw, _ = net.features(x, sigma, *words, None, 8.0)
    torch.testing.assert_close(net(x, sigma, *words), flow.velocity_from(raw, x, sigma, prediction))


def test_the_auxiliary_head_speaks_in_training_alone():
    net = awake(DiTConfig(**{**TINY.to_dict(), "labels": 7}))
    x, *rest = inputs()
    assert net.features(x, *rest, None, 8.0)[1] is None
    assert net.train().features(x, *rest, None, 8.0)[1].shape == (2, 12, 7)


def test_sizes_of_the_release():
    count = sum(value.numel() for value in DiT(PRESETS["small"]).parameters())
    assert 8e6 < count < 11e6


def test_what_cannot_be_is_told():
    with pytest.raises(UserError, match="width=100 is not an even number of times heads=3"):
        DiTConfig(width=100, heads=3)
    with pytest.raises(UserError, match="prediction='x0' is not one of velocity, clean, noise"):
        DiTConfig(prediction="x0")
    with pytest.raises(UserError, match="h=3 latents"):
        DiT(TINY)(*inputs(h=3))


def test_bound_to_a_text_and_to_none():
    x, sigma, text, mask, shot = inputs()
    net, null = awake(), torch.randn(1, 1, TINY.text_width)
    bound = Bound(net, text, mask, shot, null)
    told, untold = bound.both(x, sigma)
    torch.testing.assert_close(told, bound(x, sigma), atol=1e-5, rtol=1e-5)
    alone = net(x, sigma, null.expand(2, 1, -1), mask[:, :1], shot[:, :1])
    torch.testing.assert_close(untold, alone, atol=1e-5, rtol=1e-5)
    assert (told - untold).abs().max() > 1e-3


def test_without_a_block_it_is_another_network_of_the_same_weights():
    net, asked = awake(), inputs()
    worse = without(net, 1)
    assert len(worse.blocks) == len(net.blocks) - 1 and worse.blocks[0] is net.blocks[0] and worse.embed is net.embed
    assert (worse(*asked) - net(*asked)).abs().max() > 1e-4
    net.blocks[1].forward = lambda x, *_: x
    torch.testing.assert_close(net(*asked), worse(*asked))
    for block in (-1, len(net.blocks)):
        with pytest.raises(UserError, match=f"block={block}: the network has blocks 0 to"):
            without(net, block)
