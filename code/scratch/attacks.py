"""Adversarial examples: small changes that fool a net. Its home is chapter 8."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import torch

from scratch.train import softmax_loss


def check_box(x: torch.Tensor, box: tuple, radius: float) -> None:
    """Refuse inputs outside the box (low, high), none, a radius below 0."""
    if not radius >= 0:
        raise ValueError(f"radius: expected 0 or more, got {radius!r}")
    if len(x) == 0:
        raise ValueError("x: expected at least one example, got none")
    low, high = box
    if not (x.min() >= low and x.max() <= high):
        raise ValueError(
            f"x: expected values from {low} to {high}, got "
            f"{x.min():.4g} to {x.max():.4g}: a radius is in units of "
            "the input, so divide pixels of 0 to 255 by 255 first")


def input_gradient(net: Callable, x: torch.Tensor, labels: torch.Tensor,
                   loss_of: Callable = softmax_loss) -> torch.Tensor:
    """Gradient of the mean loss with respect to the inputs x, (n, …).

    net gives (n, C) scores, in the mode in which it is.
    """
    x = x.detach().requires_grad_()
    return torch.autograd.grad(loss_of(net(x), labels), x)[0]


def fgsm(net: Callable, x: torch.Tensor, labels: torch.Tensor,
         radius: float, loss_of: Callable = softmax_loss) -> torch.Tensor:
    """Fast gradient sign method: one step of size radius in every pixel.

    x: (n, …) pictures with pixels from 0 to 1; so is what returns.
    Goodfellow, Shlens and Szegedy (2015), section 4.
    """
    check_box(x, (0.0, 1.0), radius)
    gradient = input_gradient(net, x, labels, loss_of)
    return (x + radius * gradient.sign()).clamp(0, 1).detach()


def toward(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Loss to raise in a targeted attack: minus that of the wanted labels."""
    return -softmax_loss(logits, labels)


def lead(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Score of each label minus the best other score, shape (n,)."""
    others = logits.scatter(1, labels[:, None], -torch.inf)
    own = logits.gather(1, labels[:, None])[:, 0]
    return own - others.amax(1)


def per_example(values: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """Reshape (n,) values so that they multiply (n, …) examples x."""
    return values.view(-1, *[1] * (x.dim() - 1))


@dataclass(frozen=True)
class Linf:
    """The ball of changes that move no entry by more than radius."""

    radius: float

    def draw(self, x: torch.Tensor, generator) -> torch.Tensor:
        """A change to start from, every entry uniform, shaped as x."""
        return torch.empty_like(x).uniform_(
            -self.radius, self.radius, generator=generator)

    def steepest(self, gradient: torch.Tensor) -> torch.Tensor:
        """The change of size 1 that raises a linear function most."""
        return gradient.sign()

    def project(self, change: torch.Tensor) -> torch.Tensor:
        """The nearest change that lies in the ball."""
        return change.clamp(-self.radius, self.radius)


@dataclass(frozen=True)
class L2:
    """The ball of changes whose Euclidean length is at most radius."""

    radius: float

    def draw(self, x: torch.Tensor, generator) -> torch.Tensor:
        """A change to start from: random direction, uniform length."""
        change = torch.empty_like(x).normal_(generator=generator)
        norm = change.flatten(1).norm(dim=1)
        length = torch.zeros_like(norm).uniform_(generator=generator)
        return change * per_example(length / norm * self.radius, x)

    def steepest(self, gradient: torch.Tensor) -> torch.Tensor:
        """The change of size 1 that raises a linear function most."""
        norm = gradient.flatten(1).norm(dim=1) + 1e-10
        return gradient / per_example(norm, gradient)

    def project(self, change: torch.Tensor) -> torch.Tensor:
        """The nearest change that lies in the ball."""
        norm = change.flatten(1).norm(dim=1)
        shrink = (self.radius / norm.clamp(min=1e-30)).clamp(max=1)
        return change * per_example(shrink, change)


@dataclass(frozen=True)
class PGD:
    """Projected gradient ascent on the loss, from a random start.

    step: how far one goes, in the ball's measure; seed of the start;
    loss_of: what to raise (with wanted labels: toward); box: least and
    greatest allowed input. Madry et al. (2018), section 2.1.
    """

    ball: Linf | L2
    step: float
    steps: int
    seed: int = 0
    loss_of: Callable = softmax_loss
    box: tuple = (0.0, 1.0)

    def __call__(self, net: Callable, x: torch.Tensor,
                 labels: torch.Tensor) -> torch.Tensor:
        """Changed inputs, of x's shape; x: (n, …); labels: (n,)."""
        check_box(x, self.box, self.ball.radius)
        generator = torch.Generator(x.device).manual_seed(self.seed)
        at = (x + self.ball.draw(x, generator)).clamp(*self.box)
        for _ in range(self.steps):
            gradient = input_gradient(net, at, labels, self.loss_of)
            at = at + self.step * self.ball.steepest(gradient)
            at = (x + self.ball.project(at - x)).clamp(*self.box)
        return at.detach()


@dataclass(frozen=True)
class Penalty:
    """The smallest change that fools, with a price on not fooling.

    Minimizes |change|^2 + price * max(lead, 0) by Adam, over w with
    x + change = (tanh(w) + 1) / 2; keeps the nearest wrong picture seen,
    or x. edge: how far from 0 and 1, where tanh has no slope, a pixel
    starts. Carlini and Wagner (2017), section 5, with one price.
    """

    price: float = 1.0
    steps: int = 100
    rate: float = 0.05
    edge: float = 1e-3

    def __call__(self, net: Callable, x: torch.Tensor,
                 labels: torch.Tensor) -> torch.Tensor:
        """Changed pictures, of x's shape; x: (n, …), 0 to 1; labels: (n,)."""
        check_box(x, (0.0, 1.0), 0)
        w = torch.atanh((2 * x - 1) * (1 - 2 * self.edge))
        optimizer = torch.optim.Adam([w.requires_grad_()], lr=self.rate)
        best, least = x.clone(), x.new_full((len(x),), torch.inf)
        for _ in range(self.steps):
            at = (torch.tanh(w) + 1) / 2
            size = (at - x).square().flatten(1).sum(1)
            ahead = lead(net(at), labels)
            cost = size + self.price * ahead.clamp(min=0)
            w.grad, = torch.autograd.grad(cost.sum(), w)
            optimizer.step()
            better = (ahead.detach() < 0) & (size.detach() < least)
            best[better] = at.detach()[better]
            least[better] = size.detach()[better]
        return best


class Attacked:
    """Batches attacked on the way, on the net as it then is.

    attack: a PGD, which starts elsewhere at each batch.
    """

    def __init__(self, batches, net: Callable, attack: PGD):
        self.batches, self.net, self.attack = batches, net, attack

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator:
        for x, labels in self.batches:
            seed = self.attack.seed + 1
            self.attack = replace(self.attack, seed=seed)
            yield self.attack(self.net, x, labels), labels


def square_search(net: Callable, x: torch.Tensor, labels: torch.Tensor,
                  radius: float, tries: int, seed: int = 0) -> torch.Tensor:
    """Attack by scores alone: paint squares, keep what lowers the lead.

    x: (n, 1, H, W). After Andriushchenko et al. (2020).
    """
    check_box(x, (0.0, 1.0), radius)
    g = torch.Generator().manual_seed(seed)
    *_, height, width = x.shape
    with torch.no_grad():
        best, least = x.clone(), lead(net(x), labels)
        for k in range(tries):
            side = max(1, round(height / 2 * (1 - k / tries)))
            top = int(torch.randint(height - side + 1, (), generator=g))
            left = int(torch.randint(width - side + 1, (), generator=g))
            up = torch.randint(2, (len(x), 1, 1, 1), generator=g).to(x)
            square = (..., slice(top, top + side),
                      slice(left, left + side))
            at, change = best.clone(), radius * (2 * up - 1)
            at[square] = (x[square] + change).clamp(0, 1)
            ahead = lead(net(at), labels)
            better = ahead < least
            best[better], least[better] = at[better], ahead[better]
    return best
