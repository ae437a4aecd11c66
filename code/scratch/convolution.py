"""Convolution on NumPy arrays, by loops, as a matrix product and fast, with
both gradients by hand. The home of every definition is chapter 5.

Images are (B, C, H, W), weights (O, C // groups, h, w), as in PyTorch.
stride, padding and dilation hold for both directions.
"""

from collections.abc import Iterator

import numpy as np

from scratch.autograd import Tensor, record
from scratch.inputs import check_positive, check_range


def output_size(size: int, kernel: int, stride: int = 1, padding: int = 0,
                dilation: int = 1) -> int:
    """Count the places at which a window of kernel pixels fits.

    size: pixels along one direction; padding: zeros added at each end;
    dilation: from one pixel of the window to its next. Raises ValueError
    for a window longer than the padded image, and for settings that are
    not above 0 (padding: below 0).
    """
    for name, value in (("kernel", kernel), ("stride", stride),
                        ("dilation", dilation)):
        check_positive(name, value)
    check_range("padding", padding, 0, float("inf"))
    span = dilation * (kernel - 1) + 1
    if size + 2 * padding < span:
        raise ValueError(f"kernel: expected a window of at most the "
                         f"{size + 2 * padding} pixels that image and "
                         f"padding have, got one that spans {span}")
    return (size + 2 * padding - span) // stride + 1


def taps(padded: np.ndarray, kernel: tuple, stride: int,
         dilation: int) -> Iterator[np.ndarray]:
    """Yield, for each weight of a window, the pixels that it meets.

    padded: (..., H, W); kernel: (h, w). Each is a view (..., H', W') of
    padded, one pixel for each place of the window; so what is added to
    it is added to the pixels. Row by row of the window.
    """
    places = [output_size(n, k, stride, 0, dilation)
              for n, k in zip(padded.shape[-2:], kernel)]
    for a in range(kernel[0]):
        for b in range(kernel[1]):
            rows, columns = (
                slice(at * dilation, at * dilation + stride * n, stride)
                for at, n in zip((a, b), places))
            yield padded[..., rows, columns]


def zero_pad(x: np.ndarray, padding: int) -> np.ndarray:
    """Put zeros around the last two axes, padding at each end."""
    ends = [(0, 0)] * (x.ndim - 2) + [(padding, padding)] * 2
    return np.pad(x, ends)


def unpad(padded: np.ndarray, padding: int) -> np.ndarray:
    """Take off what `zero_pad` put around."""
    H, W = padded.shape[-2:]
    return padded[..., padding:H - padding, padding:W - padding]


def grouped(x: np.ndarray, weight: np.ndarray, groups: int) -> tuple:
    """Split channels: x into (B, G, C/G, H, W), weight into
    (G, O/G, C/G, h, w).

    Raises ValueError where the channels don't fit.
    """
    check_positive("groups", groups)
    (B, C, H, W), (outputs, c, h, w) = x.shape, weight.shape
    if groups * c != C or outputs % groups:
        raise ValueError(
            f"weight: expected shape (O, {C} / groups, h, w) with O a "
            f"multiple of groups, got {weight.shape} with groups={groups}")
    return (x.reshape(B, groups, c, H, W),
            weight.reshape(groups, outputs // groups, c, h, w))


def correlate(x: np.ndarray, weight: np.ndarray, stride: int = 1,
              padding: int = 0, dilation: int = 1,
              groups: int = 1) -> np.ndarray:
    """Cross-correlate by its definition, place by place and weight by
    weight: the slow one.

    x: (B, C, H, W); weight: (O, C // groups, h, w). Returns
    (B, O, H', W') of `output_size`. Equals torch.nn.functional.conv2d
    without bias.
    """
    x, weight = grouped(zero_pad(x, padding), weight, groups)
    B, _, _, H, W = x.shape
    G, o, _, h, w = weight.shape
    y = np.zeros((B, G, o, output_size(H, h, stride, 0, dilation),
                  output_size(W, w, stride, 0, dilation)))
    for i in range(y.shape[3]):
        for j in range(y.shape[4]):
            for a in range(h):
                for b in range(w):
                    pixel = x[..., i * stride + a * dilation,
                              j * stride + b * dilation]
                    y[..., i, j] += np.einsum(
                        "goc,bgc->bgo", weight[..., a, b], pixel)
    return y.reshape(B, G * o, *y.shape[3:])


def unfold(x: np.ndarray, kernel: tuple, stride: int = 1, padding: int = 0,
           dilation: int = 1) -> np.ndarray:
    """Write the window's pixels at each place into a column (im2col).

    x: (B, C, H, W). Returns (B, C h w, H' W'). Equals
    torch.nn.functional.unfold.
    """
    views = taps(zero_pad(x, padding), kernel, stride, dilation)
    columns = np.stack(list(views), axis=2)
    B, C, window, H, W = columns.shape
    return columns.reshape(B, C * window, H * W)


def fold_back(columns: np.ndarray, size: tuple, kernel: tuple, stride: int = 1,
         padding: int = 0, dilation: int = 1) -> np.ndarray:
    """Add columns back to the pixels they are from: unfold's transpose.

    columns: (B, C h w, H' W'); size: (H, W) of the image. Returns
    (B, C, H, W). Equals torch.nn.functional.fold.
    """
    B, window = len(columns), kernel[0] * kernel[1]
    C = columns.shape[1] // window
    padded = zero_pad(np.zeros((B, C, *size)), padding)
    for k, view in enumerate(taps(padded, kernel, stride, dilation)):
        view += columns[:, k::window].reshape(view.shape)
    return unpad(padded, padding)


def correlate_matrix(x: np.ndarray, weight: np.ndarray, stride: int = 1,
                     padding: int = 0, dilation: int = 1,
                     groups: int = 1) -> np.ndarray:
    """Cross-correlate by one matrix product of weights and columns.

    As `correlate`.
    """
    (B, _, H, _), (outputs, c, h, w) = x.shape, weight.shape
    grouped(x, weight, groups)             # refuses what doesn't fit
    columns = unfold(x, (h, w), stride, padding, dilation)
    y = (weight.reshape(groups, outputs // groups, c * h * w)
         @ columns.reshape(B, groups, c * h * w, -1))
    H = output_size(H, h, stride, padding, dilation)
    return y.reshape(B, outputs, H, -1)


def correlate_fast(x: np.ndarray, weight: np.ndarray, stride: int = 1,
                   padding: int = 0, dilation: int = 1,
                   groups: int = 1) -> np.ndarray:
    """Cross-correlate by one small matrix product for each weight of the
    window, so that no pixel is held more than once.

    As `correlate`.
    """
    x, weight = grouped(zero_pad(x, padding), weight, groups)
    G, o, _, h, w = weight.shape
    y = 0
    for k, view in enumerate(taps(x, (h, w), stride, dilation)):
        pixels = view.reshape(*view.shape[:3], -1)
        y = y + weight[..., k // w, k % w] @ pixels
    return y.reshape(len(x), G * o, *view.shape[3:])


def conv_transpose2d(g: np.ndarray, weight: np.ndarray, size: tuple,
                     stride: int = 1, padding: int = 0, dilation: int = 1,
                     groups: int = 1) -> np.ndarray:
    """Send each output back to the pixels it came from: the transpose of
    `correlate_fast`, and its gradient with respect to x.

    g: (B, O, H', W'); weight: (O, C // groups, h, w); size: (H, W) of the
    image that is wanted. Returns (B, C, H, W). Equals
    torch.nn.functional.conv_transpose2d.
    """
    G, (outputs, c, h, w) = groups, weight.shape
    weight = weight.reshape(G, outputs // G, c, h, w)
    g = g.reshape(len(g), G, outputs // G, -1)
    padded = zero_pad(np.zeros((len(g), G, c, *size), g.dtype), padding)
    for k, view in enumerate(taps(padded, (h, w), stride, dilation)):
        share = weight[..., k // w, k % w].mT @ g
        view += share.reshape(view.shape)
    return unpad(padded, padding).reshape(len(g), G * c, *size)


def weight_gradient(g: np.ndarray, x: np.ndarray, kernel: tuple,
                    stride: int = 1, padding: int = 0, dilation: int = 1,
                    groups: int = 1) -> np.ndarray:
    """Gradient of `correlate_fast` with respect to the weights.

    g: (B, O, H', W'), the gradient of the result; x: (B, C, H, W).
    Returns (O, C // groups, h, w).
    """
    B, C, H, W = x.shape
    padded = zero_pad(x, padding).reshape(
        B, groups, C // groups, H + 2 * padding, W + 2 * padding)
    g = g.reshape(B, groups, g.shape[1] // groups, -1)
    shares = [(g @ view.reshape(*view.shape[:3], -1).mT).sum(0)
              for view in taps(padded, kernel, stride, dilation)]
    return np.stack(shares, axis=-1).reshape(-1, C // groups, *kernel)


def conv2d(x: Tensor, weight: Tensor, bias: Tensor | None = None,
           stride: int = 1, padding: int = 0, dilation: int = 1,
           groups: int = 1) -> Tensor:
    """Convolve tensors of chapter 3's engine, with both gradients.

    x: (B, C, H, W); weight: (O, C // groups, h, w); bias: (O,). Returns
    (B, O, H', W'). Equals torch.nn.functional.conv2d.
    """
    settings = stride, padding, dilation, groups
    y = record(
        correlate_fast(x.data, weight.data, *settings),
        (x, lambda g: conv_transpose2d(
            g, weight.data, x.shape[2:], *settings)),
        (weight, lambda g: weight_gradient(
            g, x.data, weight.shape[2:], *settings)))
    return y if bias is None else y + bias.reshape(1, -1, 1, 1)


def receptive_field(layers: list) -> tuple:
    """How many input pixels, in a row, one output pixel sees through
    layers, and how many pixels apart two neighbors look.

    layers: (kernel, stride, dilation) of each, the first first. Returns
    (size, step).
    """
    size, step = 1, 1
    for kernel, stride, dilation in layers:
        size += (kernel - 1) * dilation * step
        step *= stride
    return size, step
