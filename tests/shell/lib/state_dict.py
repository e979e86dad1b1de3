"""What tests/shell/import.sh needs of Python, from its standard library alone.

state_dict.py ORACLE.safetensors NAME    writes NAME.safetensors and NAME.npz, the oracle's state dictionary, and
                                         NAME.csv, its inputs as rows of height x width x channels numbers (three times
                                         where there are few); prints its loss
state_dict.py --read FILE NAME ORACLE THEIRS
                                         opens a checkpoint: by the safetensors library if it is there, and by the
                                         format as it is written; says what is wrong, or nothing:
                                         NAME must hold the oracle's linear layer THEIRS
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


def in_levels(oracle):
    """Images of normflows lie in [0, 1), those of glow-pytorch (which has no levels in its oracle) do not."""
    x = numbers(oracle["x"])
    return len(oracle["x"][1]) == 4 and "log_prob" in oracle and 0 <= min(x) and max(x) < 1


def rows(oracle):
    """The inputs as the model sees them: images channels last, those of 256 levels as integers with their noise."""
    kind, shape, _ = oracle["x"]
    x = numbers(oracle["x"])
    if in_levels(oracle):
        x = [256 * v for v in x]
    if "dequant_noise" in oracle:
        # x is k / 255 of a whole number k
        x = [round(255 * v) + u for v, u in zip(x, numbers(oracle["dequant_noise"]))]
    size = math.prod(shape[1:])
    examples = [x[i:i + size] for i in range(0, len(x), size)]
    if len(shape) == 4:
        channels, pixels = shape[1], shape[2] * shape[3]
        examples = [[e[c * pixels + p] for p in range(pixels) for c in range(channels)] for e in examples]
    return examples * (1 if len(examples) >= 10 else 3)


def loss(oracle):
    value = numbers(oracle["loss_nll" if "loss_nll" in oracle else "loss"])[0]
    # log p(256 x) = log p(x) - D log 256
    return value + math.prod(oracle["x"][1][1:]) * math.log(256) if in_levels(oracle) else value


def convert(path, name):
    oracle = read(path)
    state = {k[len("param:"):]: v for k, v in oracle.items() if k.startswith("param:")}
    write_safetensors(name + ".safetensors", state)
    write_npz(name + ".npz", state)
    with open(name + ".csv", "w") as f:
        for row in rows(oracle):
            f.write(",".join("%.17g" % v for v in row) + "\n")
    print("%.17g" % loss(oracle))


def by_library(path):
    """Tensors and metadata in one call each; None without the library."""
    try:
        from safetensors import safe_open
        from safetensors.numpy import load_file
    except ImportError:
        return None
    with safe_open(path, framework="numpy") as file:
        metadata = file.metadata()
    return {k: (str(v.dtype), list(v.shape), tuple(v.ravel().tolist())) for k, v in load_file(path).items()}, metadata


def as_written(path):
    return {k: ({"F32": "float32", "F64": "float64"}[v[0]], v[1], numbers(v)) for k, v in read(path).items()}


def open_checkpoint(path, name, oracle, theirs):
    """`name` must hold the oracle's linear layer `theirs`, whose weights are [out, in] there and [in, out] here."""
    tensors = as_written(path)
    library = by_library(path)
    if library:
        if library[0] != tensors:
            print("the library reads other tensors than are written")
        metadata = library[1]
        if metadata.get("format") != "bijou" or not all(type(v) is str for v in metadata.values()):
            print("the library reads other metadata than are written:", metadata)
        if "input" not in json.loads(metadata["config"]):
            print("the metadata's config is no JSON of a model:", metadata["config"])
    weight = read(oracle)["param:" + theirs]
    rows, columns = weight[1]
    values = numbers(weight)
    wanted = [struct.unpack("f", struct.pack("f", values[r * columns + c]))[0]
              for c in range(columns) for r in range(rows)]
    if name not in tensors:
        print("no", name, "among", len(tensors))
    elif tensors[name] != ("float32", [columns, rows], tuple(wanted)):
        print(name, "is", tensors[name][:2], "and holds", tensors[name][2][:3], "..., not", wanted[:3], "...")


if sys.argv[1] == "--read":
    open_checkpoint(*sys.argv[2:])
else:
    convert(*sys.argv[1:])
