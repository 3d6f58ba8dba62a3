"""The checkers of chapter 5: tokens, who may look at whom, cross-attention, dropped captions, guidance. Built in chapter 5."""

import re

import torch
from torch import Tensor

from minisora.check.compare import squares
from minisora.check.core import Wrong, called, exercise, same
from minisora.dit import NEVER, PRESETS, Bound, DiT, attention
from minisora.text import NULL, UNK, Tokenizer, pad

TEXTS = (
    ("A red Ball hops, then rests.", ("a red ball hops , then rests .", "over the blue box")),
    ("the dragon chases A GREEN star", ("a the green red star chases dragonfly", "box .")),
    ("CUT: two rings; two drops!", ("two rings drops cut : !", "three ring")),
    ("unicorns?", ("a red ball",)),
    ("", ("a red ball",)),
)


def _random(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@exercise("5.1", "a sentence as numbers")
def encode(answer) -> None:
    for text, words in TEXTS:
        tokenizer = Tokenizer.of_words(words)
        known, found = dict(tokenizer.words), re.findall(r"\w+|[^\w\s]+", text.lower())
        numbers = [known.get(word, UNK) for word in found]
        causes = {
            "a text in which no word is known came out empty: it is the one token [NULL], so that there is always something to look at": [],
            "words that are not known are left out; here they became [UNK]": numbers,
            "words that are not known are left out; here they became [NULL]": [NULL if index == UNK else index for index in numbers],
            "capital letters: `Ball` and `ball` are one word. Make the text lower case first":
                [known[word] for word in re.findall(r"\w+|[^\w\s]+", text) if word in known] or [NULL],
            "words with a comma or full stop at their end are lost: marks are tokens of their own, and splitting at spaces leaves them "
            "glued to the word": [known[word] for word in text.lower().split() if word in known] or [NULL],
            "the marks are lost: a comma or full stop that is known is a token too":
                [known[word] for word in re.findall(r"\w+", text.lower()) if word in known] or [NULL],
        }  # fmt: skip
        given = called(answer, text, known)
        if isinstance(given, Tensor):
            given = given.tolist()
        same(given, tokenizer.encode(text)[0], causes, name=f"the list of {text!r}")


@exercise("5.2", "who may look at whom")
def word_bias(answer) -> None:
    rows = ([0, 0, 1, 1, 2, 2], [1, 1, 2], [0, 0, 0, 0]), ([0, 1, 2, 3, 3], [0, 0]), ([2, 1, 1, 2, 0], [1, 2, 3])
    for shots in rows:
        _, mask, shot = pad([([5] * len(row), row) for row in shots])
        mine, theirs = shot[:, :, None], shot[:, None]                                  # of who looks, of who is looked at

        def bias(seen: Tensor) -> Tensor:
            return torch.where(seen, 0.0, NEVER)

        meant, there = (theirs == 0) | (theirs == mine), mask[:, None].expand(-1, mask.shape[1], -1)
        causes = {
            "axes: a row is who looks, a column who is looked at; here they are swapped": bias(meant & there).transpose(1, 2),
            "of `shot` alone the axes are swapped: a row is who looks, `shot[:, :, None]`, a column who is looked at, `shot[:, None]`":
                bias(((mine == 0) | (theirs == mine)) & there),
            "padding can be seen: a column of padding is NEVER, whoever looks": bias(meant),
            "the rows of padding are closed too: what padding sees matters to nobody, so its rows are like any other; only its columns "
            "are NEVER": bias(meant & there & mask[:, :, None]),
            "the padding's rows are closed, not its columns: it matters who is looked at": bias(meant & mask[:, :, None]),
            "shots make no difference yet: a word about shot 2 may not see one about shot 1": bias(there),
            "words about the whole video (shot 0) are seen by nobody but each other: everybody may see them":
                bias((theirs == mine) & there),
            "words about the whole video (shot 0) see all shots; only the others may look at them, not they at the others":
                bias(((theirs == 0) | (mine == 0) | (theirs == mine)) & there),
            "it is the wrong way round: 0 where a word may be seen, NEVER where not": bias(~(meant & there)),
            "1 and 0 are no bias: it is added to the scores, so 0 is for what may be seen and NEVER for what may not":
                (meant & there).float(),
            "minus infinity is too much: a row in which nothing may be seen would become 0 / 0. Use NEVER":
                torch.where(meant & there, 0.0, -torch.inf),
        }  # fmt: skip
        name = "the bias (row: who looks, column: who is looked at)"
        same(called(answer, mask, shot), bias(meant & there), causes, name=name, axes="B row column", picture=squares)


@exercise("5.3", "patches look at words")
def cross_attention(answer) -> None:
    for seed, (batch, heads, patches, words, size) in enumerate(((2, 3, 7, 5, 4), (1, 1, 6, 6, 8), (3, 2, 4, 9, 2))):
        q = torch.randn(batch, heads, patches, size, generator=_random(seed))
        k, v = (torch.randn(batch, heads, words, size, generator=_random(seed + step)) for step in (10, 20))
        mask = torch.arange(words) < torch.arange(words, words - 2 * batch, -2)[:, None]  # the first row is the longest
        bias = torch.where(mask, 0.0, NEVER)[:, None, None]                             # (B, 1, 1, L)
        score = q @ k.transpose(-1, -2)
        causes = {
            "the softmax runs over the patches; each patch shares out its attention among the words, the last axis of the scores":
                torch.softmax(score + bias, dim=-2) @ v,
            "padding is looked at: add NEVER to the scores where mask is False": score.softmax(-1) @ v,
            "padding is taken out after the softmax, so what is left no longer adds up to 1: take it out of the scores":
                (score.softmax(-1) * mask[:, None, None]) @ v,
            "scores of padding became 0, and e⁰ is 1, not nothing: they must become very negative":
                (score * mask[:, None, None]).softmax(-1) @ v,
            "it divides by √d once more: the queries come with their scale already": torch.softmax(score * size**-0.5 + bias, dim=-1) @ v,
            "it gives the mean of what the words have to say, whatever the patch asks: where are the scores?":
                torch.softmax(bias, dim=-1).expand_as(score) @ v,
            "it gives back the words' keys: what is shared out is the values": attention(q, k, k, bias),
        }  # fmt: skip
        same(called(answer, q, k, v, mask), attention(q, k, v, bias), causes, name="what the patches hear", axes="B H N d")
    nothing = called(answer, q, k, v, torch.zeros_like(mask))
    if not nothing.isfinite().all():
        raise Wrong("right, but a text without a single word gives nan: minus infinity in a whole row is 0 / 0. Use NEVER, which is finite")


@exercise("5.4", "forget the caption")
def forget(answer) -> None:
    for seed, lengths in enumerate(((5, 3, 7, 1), (4, 4, 2), (9,))):
        rows = [(torch.randint(3, 50, (count,), generator=_random(seed + count)).tolist(), [1] + [0] * (count - 1)) for count in lengths]
        ids, mask, shot = pad(rows)
        gone = torch.arange(len(lengths)) % 2 == 0
        given = called(answer, ids, mask, shot, gone)
        if not isinstance(given, (tuple, list)) or len(given) != 3:
            raise Wrong("three things are asked: ids, mask and shot")
        first = torch.zeros_like(mask)
        first[:, 0] = True
        over = gone[:, None]
        target = torch.where(over, first, mask)
        old = "nothing is forgotten: the mask is as it was" if isinstance(given[0], Tensor) and torch.equal(given[0], ids) else (
            "the mask still shows how many words there were, and a network can learn from their number alone: leave one True in a row "
            "that is gone")  # fmt: skip
        same(given[1], target, {
            old: mask,
            "a row that is gone has no word left: [NULL] is one, so its first place is True": torch.where(over, False, mask),
            "the wrong rows are forgotten: `gone` is True for those to forget": torch.where(over, mask, first),
            "all rows are forgotten: only those in which `gone` is True": first,
        }, name="the mask", axes="B L")  # fmt: skip
        wanted = torch.where(over, NULL, ids)
        same(given[0] * target, wanted * target, {
            "the words of the rows that are gone are still there: their first place holds [NULL]": ids * target,
        }, name="the ids (without padding)", axes="B L")  # fmt: skip
        same(given[2] * target, torch.where(over, 0, shot) * target, {
            "[NULL] speaks of the whole video: its shot is 0": shot * target,
        }, name="the shots (without padding)", axes="B L")  # fmt: skip


@exercise("5.5", "guidance where it helps")
def guide(answer) -> None:
    low, high = 0.25, 0.75  # numbers that no type rounds, so that a sigma can lie on the very end
    cases = ((3, 2, 1, 4, 4), 3.0), ((5, 3, 2, 2, 2), 7.5), ((4, 1, 3, 2, 4), 0.0), ((5, 2, 1, 2, 2), 2.0)
    for seed, (shape, scale) in enumerate(cases):
        told, untold = (torch.randn(shape, generator=_random(seed + step)) for step in (0, 10))
        sigma = torch.linspace(0.97, 0.04, shape[0]) if seed < 3 else torch.tensor([0.97, high, 0.5, low, 0.04])
        inside, above, below = (one.view(-1, 1, 1, 1, 1) for one in ((sigma >= low) & (sigma <= high), sigma > low, sigma < high))
        full = untold + scale * (told - untold)
        causes = {
            "the interval is forgotten: outside of it the velocity is the plain `told`": full,
            "outside the interval the text is still heard, only not exaggerated: `told`, not `untold`": torch.where(inside, full, untold),
            "it is the wrong way round: guidance is on inside the interval": torch.where(inside, told, full),
            "`told` and `untold` are swapped: it goes away from the text": torch.where(inside, told + scale * (untold - told), told),
            "it starts from `told`: then guidance 0 would be no guidance, where ours counts from `untold` and 1 is none":
                torch.where(inside, told + scale * (told - untold), told),
            "guidance is never on here: every video has its own sigma and decides for itself, not the first one for all, nor all together":
                told,
            "the ends belong to the interval: it is low ≤ sigma ≤ high, so a sigma that is exactly `low` or `high` is guided too":
                torch.where(inside & above & below, full, told),
            "the lower end belongs to the interval: a sigma that is exactly `low` is guided too": torch.where(inside & above, full, told),
            "the upper end belongs to the interval: a sigma that is exactly `high` is guided too": torch.where(inside & below, full, told),
        }  # fmt: skip
        given = called(answer, told, untold, sigma, scale, low, high)
        same(given, torch.where(inside, full, told), causes, name="the velocity", axes="B c t h w")


@exercise("5.6", "two answers in one call")
def both(answer) -> None:
    for seed, (batch, words) in enumerate(((2, 5), (1, 3), (3, 4))):
        torch.manual_seed(seed)
        dit = DiT(PRESETS["tiny"]).eval().requires_grad_(False)
        for value in dit.parameters():
            value.normal_(std=0.2)
        states, null = torch.randn(batch, words, 64), torch.randn(1, 1, 64)
        mask = torch.arange(words) < torch.arange(words, words - batch, -1)[:, None]
        shot = torch.zeros(batch, words, dtype=torch.long)
        x, sigma = torch.randn(batch, 16, 2, 4, 4), torch.linspace(0.2, 0.9, 2 * batch).view(batch, 2)
        told, untold = Bound(dit, states, mask, shot, null).both(x, sigma)
        asked: list[int] = []

        def watched(x: Tensor, *rest, dit=dit, asked=asked, **named) -> Tensor:
            asked.append(len(x))
            return dit(x, *rest, **named)

        given = called(called(answer, watched, states, mask, shot, null), x, sigma)
        causes = _mixed_up(dit, states, mask, shot, null, x, sigma, told, untold)
        same(given, (told, untold), causes, name="the pair (told, untold)", rtol=1e-3, atol=1e-4)
        if asked != [2 * batch]:
            raise Wrong(f"the numbers are right, but the network was called {len(asked)} times: put both questions into one batch")


def _mixed_up(dit: DiT, states: Tensor, mask: Tensor, shot: Tensor, null: Tensor, x: Tensor, sigma: Tensor, told: Tensor, untold: Tensor):
    """What known mistakes give, by the sentence that tells of them."""
    alone = torch.zeros_like(states)
    alone[:, :1] = null
    return {
        "the order: first the velocity with the text, then the one without": (untold, told),
        "both are with the text: the second half needs `null` instead of `states`": (told, told),
        "both are without the text": (untold, untold),
        "the second half's words are [NULL] and zeros, and the zeros are looked at: only the first place of its mask is True":
            (told, dit(x, sigma, alone, mask, shot)),
        "the second half hears zeros instead of [NULL], which is a word with a state of its own":
            (told, dit(x, sigma, torch.zeros_like(states), mask, shot)),
    }  # fmt: skip
