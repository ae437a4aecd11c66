"""torchvision works from scratch.vision, whatever it was built for."""

import subprocess
import sys

import pytest

from scratch import vision

WORKS = """
import torch
from scratch.vision import torchvision

image = torch.arange(48, dtype=torch.uint8).reshape(3, 4, 4)
flipped = torchvision.transforms.v2.RandomHorizontalFlip(p=1)(image)
assert flipped.equal(image.flip(-1))

datasets = torchvision.datasets
assert issubclass(datasets.FashionMNIST, datasets.MNIST)

net = torchvision.models.squeezenet1_1(num_classes=3).eval()
assert net(torch.zeros(1, 3, 64, 64)).shape == (1, 3)

grid = torchvision.utils.make_grid(torch.ones(4, 3, 5, 5), nrow=2)
assert grid.shape == (3, 2 * 7 + 2, 2 * 7 + 2)

# Two unit squares that share half a square: 0.5 / 1.5.
boxes = torch.tensor([[0., 0., 1., 1.], [0.5, 0., 1.5, 1.]])
iou = torchvision.ops.box_iou(boxes[:1], boxes[1:])
assert torch.allclose(iou, torch.tensor(1 / 3))
"""

# What a working _C does as far as the mend can tell: it declares both.
WORKING_C = """
import torch
compiled = torch.library.Library("torchvision", "FRAGMENT")
for name in "nms", "qnms":
    compiled.define(f"{name}(Tensor dets, Tensor scores, "
                    "float iou_threshold) -> Tensor")
"""

# In every environment: no _C can be loaded, nothing is declared before.
BROKEN_C = """
import torch
def cannot(path):
    raise OSError(f"Could not load this library: {path}")
torch.ops.load_library = cannot
"""


def run(code):
    """Run code in a fresh process in which every warning is an error."""
    return subprocess.run([sys.executable, "-W", "error", "-c", code],
                          capture_output=True, text=True)


def test_what_the_book_uses_of_torchvision_works_in_a_fresh_process():
    done = run(WORKS)
    assert done.returncode == 0, done.stderr


def test_where_the_compiled_part_works_nothing_is_declared():
    done = run(WORKING_C + WORKS + "from scratch import vision\n"
               "assert vision.declared is None")
    assert done.returncode == 0, done.stderr


def test_where_the_compiled_part_cannot_load_both_operators_are_declared():
    done = run(BROKEN_C + "from scratch import vision\n"
               "assert vision.declared is not None\n"
               "torch.ops.torchvision.nms, torch.ops.torchvision.qnms\n"
               + WORKS)
    assert done.returncode == 0, done.stderr


def test_a_missing_torchvision_is_named(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ImportError, match="torchvision is not installed"):
        vision.declare_missing()
