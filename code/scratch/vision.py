"""torchvision, also where its compiled part doesn't fit PyTorch's build.

    from scratch.vision import torchvision

torchvision's compiled operators (its file _C) must be built for the same
PyTorch: a CUDA build of torchvision beside a CPU build of PyTorch, as when
the two come from different package indexes, can't be loaded. torchvision
then goes on to describe two of those operators, nms and qnms, to PyTorch's
compiler, and as nobody has declared them, `import torchvision` fails with
"operator torchvision::nms does not exist".

So this module declares the two where they are missing, which is enough for
transforms.v2, datasets, models, make_grid and box_iou. What calls a
compiled operator stays unavailable: nms, deformable convolution, the
detection models, the image decoders of torchvision.io. The cure for those
is one index for both packages. Where _C loads, nothing is changed.
"""

import contextlib
import importlib.machinery
import importlib.util
from pathlib import Path

import torch

SCHEMAS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)


def declare_missing():
    """Declare those of SCHEMAS that _C has not; return what holds them.

    Returns the torch.library.Library, whose declarations end when it is
    deleted, or None where _C works and nothing had to be declared.
    Raises ImportError when torchvision isn't installed.
    """
    load_compiled()
    missing = [schema for schema in SCHEMAS
               if not hasattr(torch.ops.torchvision, schema.split("(")[0])]
    if not missing:
        return None
    library = torch.library.Library("torchvision", "FRAGMENT")
    for schema in missing:
        library.define(schema)
    return library


def load_compiled():
    """Load torchvision's compiled operators, where they can be loaded."""
    spec = importlib.util.find_spec("torchvision")
    if spec is None:
        raise ImportError("torchvision is not installed: expected the one "
                          "that requirements.txt names")
    for suffix in importlib.machinery.EXTENSION_SUFFIXES:
        path = Path(spec.origin).with_name(f"_C{suffix}")
        if path.exists():
            with contextlib.suppress(OSError):  # built for another PyTorch
                torch.ops.load_library(path)


declared = declare_missing()  # kept, so that it is not deleted

import torchvision  # noqa: E402
import torchvision.transforms.v2  # noqa: E402, F401
