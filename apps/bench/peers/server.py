"""The PyTorch side of a comparison: the same weights, the same batch, and the lines that bijou-bench's serve obeys.

    server.py FOLDER VARIANT       VARIANT: "tutorial", or some of channels_last, compile, fused, inference by "+"
    server.py FOLDER --first-step  build the model, train one step as the tutorials do, and end

It prints what it found (loss, gradient_norm; for samples their relative distance from Bijou's), then "ready"; a
variant that this PyTorch cannot run is "absent" and why.
"""

import contextlib
import os
import sys
import time
import warnings

import torch

import weights
from glow import Glow
from nice import NICE
from realnvp import RealNVP, VectorRealNVP


def build(w):
    family = w.metadata["family"]
    if family == "realnvp":
        return RealNVP(w) if w["x"].dim() == 4 else VectorRealNVP(w)
    return {"nice": NICE, "glow": Glow}[family](w)


class Training:
    """The loop of the tutorials: zero_grad, loss, backward, step. The same batch each time."""

    def __init__(self, w, options):
        self.model = build(w).train()
        x = w["x"]
        self.x = weights.images(x) if x.dim() == 4 else x
        if w.metadata["family"] == "nice":
            self.x = x  # NICE knows no geometry
        if "channels_last" in options:
            self.model = self.model.to(memory_format=torch.channels_last)
            self.x = self.x.contiguous(memory_format=torch.channels_last)
        learned = [p for p in self.model.parameters() if p.requires_grad]
        fused = {"fused": True} if "fused" in options else {}
        self.optimizer = torch.optim.Adam(learned, lr=float(w.metadata["learning_rate"]), **fused)
        self.log_prob = torch.compile(self.model.log_prob) if "compile" in options else self.model.log_prob

    def judge(self):
        loss = -self.log_prob(self.x).mean()
        loss.backward()
        squares = sum(p.grad.double().square().sum() for p in self.model.parameters() if p.grad is not None)
        self.optimizer.zero_grad()
        print(f"loss {loss.item():.9g}\ngradient_norm {squares.sqrt().item():.9g}")

    def step(self):
        self.optimizer.zero_grad()
        loss = -self.log_prob(self.x).mean()
        loss.backward()
        self.optimizer.step()


class Sampling:
    """Samples from latents drawn anew each time."""

    def __init__(self, w, options):
        self.model = build(w).eval()
        self.given, self.expected = w["z"], weights.images(w["g(z)"])
        self.shapes = self.model.latent_shapes(self.expected.shape[1:])
        self.format = torch.contiguous_format
        if "channels_last" in options:
            self.format = torch.channels_last
            self.model = self.model.to(memory_format=torch.channels_last)
        self.inverse = torch.compile(self.model.inverse) if "compile" in options else self.model.inverse
        self.without_gradients = torch.inference_mode if "inference" in options else torch.no_grad

    def judge(self):
        n, parts, at = len(self.given), [], 0
        for c, h, width in self.shapes:  # Bijou's latents lie side by side, each channels-last
            part = self.given[:, at : at + c * h * width].view(n, h, width, c)
            parts.append(weights.images(part).contiguous(memory_format=self.format))
            at += c * h * width
        with self.without_gradients():
            x = self.inverse(parts)
        distance = (x - self.expected).norm() / self.expected.norm()
        print(f"distance {distance.item():.3g}")

    def step(self):
        with self.without_gradients():
            n = len(self.given)
            zs = [torch.randn(n, *shape).contiguous(memory_format=self.format) for shape in self.shapes]
            self.inverse(zs)


def peak_resident_memory():
    with contextlib.suppress(OSError), open("/proc/self/status") as status:
        for line in status:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return 0


def obey(subject):
    for line in sys.stdin:
        words = line.split()
        if words == ["quit"]:
            return
        if words == ["rss"]:
            print("bytes", peak_resident_memory(), flush=True)
        elif len(words) == 2 and words[0] == "step" and words[1].isdigit():
            times = []
            for _ in range(int(words[1])):
                start = time.perf_counter()
                subject.step()
                times.append(1e3 * (time.perf_counter() - start))
            print("ms", *(f"{t:.4f}" for t in times), flush=True)
        else:
            sys.exit(f"server.py: {line.strip()!r} is no command; there are: step N, rss, quit")


def main():
    folder, variant = sys.argv[1:]
    warnings.filterwarnings("ignore")
    w = weights.read(os.path.join(folder, "workload.safetensors"))
    if variant == "--first-step":
        Training(w, []).step()
        print("peak", peak_resident_memory())
        return
    print("version", torch.__version__)
    try:
        subject = (Sampling if w.metadata["task"] == "sample" else Training)(w, variant.split("+"))
        subject.judge()
        subject.step()
        subject.step()
    except Exception as error:  # pylint: disable=broad-except     whatever it is, this variant is absent
        print(f"absent {type(error).__name__}: {str(error).strip().splitlines()[0] if str(error) else ''}")
        return
    print("ready", flush=True)
    obey(subject)


if __name__ == "__main__":
    main()
