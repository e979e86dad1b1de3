"""What tests/shell/import.sh needs of Python, from its standard library alone.

state_dict.py ORACLE.safetensors SOURCE    writes SOURCE.safetensors and SOURCE.npz, the oracle's state dictionary, and
                                           SOURCE.csv, its inputs as rows of height x width x channels numbers (three
                                           times where there are few); prints its loss
state_dict.py --read FILE NAME SIZE...     opens a checkpoint: by the safetensors library if it is there, else by the
                                           format as it is written; says what is wrong, or nothing
"""
import ast
import json
import math
import struct
import sys
import zipfile

NUMPY = {"F64": "<f8", "F32": "<f4", "I64": "<i8"}
STRUCT = {"F64": "d", "F32": "f", "I64": "q"}


def read(path):
    with open(path, "rb") as f:
        content = f.read()
    end = 8 + struct.unpack("<Q", content[:8])[0]
    header = json.loads(content[8:end])
    header.pop("__metadata__", None)
    return {k: (v["dtype"], v["shape"], content[end + v["data_offsets"][0]:end + v["data_offsets"][1]])
            for k, v in header.items()}


def numbers(tensor):
    kind, _, data = tensor
    return struct.unpack("<%d%s" % (len(data) // struct.calcsize(STRUCT[kind]), STRUCT[kind]), data)


def write_safetensors(path, tensors):
    header, data = {}, b""
    for name, (kind, shape, values) in sorted(tensors.items()):
        header[name] = {"dtype": kind, "shape": shape, "data_offsets": [len(data), len(data) + len(values)]}
        data += values
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + data)


def write_npz(path, tensors):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, (kind, shape, values) in tensors.items():
            header = repr({"descr": NUMPY[kind], "fortran_order": False, "shape": tuple(shape)}).encode()
            assert ast.literal_eval(header.decode())
            header += b" " * (-(len(header) + 11) % 64) + b"\n"
            archive.writestr(name + ".npy", b"\x93NUMPY\1\0" + struct.pack("<H", len(header)) + header + values)


def rows(oracle):
    """The inputs as the model sees them: images channels last, the RealNVP's as integers with their noise."""
    kind, shape, _ = oracle["x"]
    x = numbers(oracle["x"])
    if "dequant_noise" in oracle:
        # x is k / 255 of a whole number k
        x = [round(255 * v) + u for v, u in zip(x, numbers(oracle["dequant_noise"]))]
    size = math.prod(shape[1:])
    examples = [x[i:i + size] for i in range(0, len(x), size)]
    if len(shape) == 4:
        channels, pixels = shape[1], shape[2] * shape[3]
        examples = [[e[c * pixels + p] for p in range(pixels) for c in range(channels)] for e in examples]
    return examples * (1 if len(examples) >= 10 else 3)


def convert(path, source):
    oracle = read(path)
    state = {k[len("param:"):]: v for k, v in oracle.items() if k.startswith("param:")}
    write_safetensors(source + ".safetensors", state)
    write_npz(source + ".npz", state)
    with open(source + ".csv", "w") as f:
        for row in rows(oracle):
            f.write(",".join("%.17g" % v for v in row) + "\n")
    print("%.17g" % numbers(oracle["loss_nll" if "loss_nll" in oracle else "loss"])[0])


def open_checkpoint(path, name, shape):
    try:
        from safetensors.numpy import load_file
        tensors = {k: (list(v.shape), v.ravel().tolist()) for k, v in load_file(path).items()}
    except ImportError:
        tensors = {k: (v[1], numbers(v)) for k, v in read(path).items()}
    if name not in tensors:
        print("no", name, "among", len(tensors))
    elif tensors[name][0] != shape:
        print(name, "is", tensors[name][0], "not", shape)
    elif len(tensors[name][1]) != math.prod(shape) or not any(tensors[name][1]):
        print(name, "holds", len(tensors[name][1]), "values, or only zeros")


if sys.argv[1] == "--read":
    open_checkpoint(sys.argv[2], sys.argv[3], [int(v) for v in sys.argv[4:]])
else:
    convert(*sys.argv[1:])
