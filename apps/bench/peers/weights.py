"""Bijou's weights, for PyTorch modules: a safetensors file read without further packages.

Bijou's images are [N, H, W, C] and its convolutions [kh, kw, in, out]; PyTorch's are [N, C, H, W] and
[out, in, kh, kw].
"""

import json
import struct

import torch


TYPES = {"F32": torch.float32, "F64": torch.float64}


class Weights:
    """Tensors by dotted name, seen from a prefix: w.at("net")["bias"] is the tensor "net.bias"."""

    def __init__(self, tensors, metadata, prefix=""):
        self.tensors, self.metadata, self.prefix = tensors, metadata, prefix

    def at(self, name):
        return Weights(self.tensors, self.metadata, self.prefix + name + ".")

    def __getitem__(self, name):
        return self.tensors[self.prefix + name].clone()

    def __contains__(self, name):
        """Whether there is a tensor of this name, or one below it."""
        whole = self.prefix + name
        return any(key == whole or key.startswith(whole + ".") for key in self.tensors)

    def each(self, name):
        """What stands below name.0, name.1, ..."""
        i = 0
        while f"{name}.{i}" in self:
            yield self.at(f"{name}.{i}")
            i += 1


def read(path):
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        data = bytearray(file.read())
    metadata = header.pop("__metadata__", {})
    tensors = {}
    for name, entry in header.items():
        if entry["dtype"] not in TYPES:
            raise ValueError(f"{path}: {name} is {entry['dtype']}, not one of {', '.join(TYPES)}")
        dtype, (begin, end) = TYPES[entry["dtype"]], entry["data_offsets"]
        flat = torch.frombuffer(data, dtype=dtype, count=(end - begin) // dtype.itemsize, offset=begin)
        tensors[name] = flat.reshape(entry["shape"]).clone()
    return Weights(tensors, metadata)


def images(x):
    """[N, H, W, C] -> [N, C, H, W], contiguous."""
    return x.permute(0, 3, 1, 2).contiguous()


def kernel(w):
    """[kh, kw, in, out] -> [out, in, kh, kw], contiguous."""
    return w.permute(3, 2, 0, 1).contiguous()
