"""PyTorch repeats the training steps that `bijou-bench steps` recorded: the same weights, batches, noise and rates.

    steps.py FOLDER               reads FOLDER/steps.safetensors, writes FOLDER/pytorch.csv: step, nll
    steps.py FOLDER --reversed    the control: writes FOLDER/pytorch-reversed.csv, the losses of PyTorch when the images
                                  of each batch come in reverse order: the same means and gradients, but for rounding
"""

import math
import os
import sys

import torch

import weights
from server import build


def gains(model):
    """Of weight normalisation: what the penalty is about."""
    for name, p in model.named_parameters():
        if p.requires_grad and (name.endswith("weight.original0") or name.endswith("weight_g")):
            yield p


@torch.no_grad()
def clip(parameters, most):
    """By the norm of all gradients, as RealNVP's released code has it. (torch.nn.utils.clip_grad_norm_ adds 1e-6 to
    the norm. In float that is nothing; in double it is a difference that only grows.)"""
    norm = math.sqrt(sum(p.grad.square().sum().item() for p in parameters))
    if norm > most:
        for p in parameters:
            p.grad.mul_(most / norm)


class ReleasedAdamax:
    """Adamax as Glow's released code has it: Adam's correction sqrt(1 - beta2^t), and eps beside the maximum.
    (torch.optim.Adamax is algorithm 2 of the paper by Kingma and Ba, which has no such factor.)"""

    def __init__(self, parameters, betas, eps):
        self.parameters, self.betas, self.eps, self.t = list(parameters), betas, eps, 0
        self.m = [torch.zeros_like(p) for p in self.parameters]
        self.u = [torch.zeros_like(p) for p in self.parameters]

    @torch.no_grad()
    def step(self, rate):
        self.t += 1
        beta1, beta2 = self.betas
        rate *= math.sqrt(1 - beta2**self.t) / (1 - beta1**self.t)
        for p, m, u in zip(self.parameters, self.m, self.u):
            m.lerp_(p.grad, 1 - beta1)
            torch.maximum(u * beta2, p.grad.abs(), out=u)
            p.sub_(rate * m / (u + self.eps))


class Adam:
    def __init__(self, parameters, betas, eps):
        self.optimizer = torch.optim.Adam(parameters, betas=betas, eps=eps)

    def step(self, rate):
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.step()


def main():
    if len(sys.argv) < 2 or sys.argv[2:] not in ([], ["--reversed"]):
        sys.exit(__doc__)
    folder, backwards = sys.argv[1], "--reversed" in sys.argv
    w = weights.read(os.path.join(folder, "steps.safetensors"))
    meta = {name: float(w.metadata[name]) for name in ("beta1", "beta2", "eps", "clip_norm", "weight_norm_l2")}
    batches, rates = w["x"], w["learning_rates"].tolist()
    if backwards:
        batches = batches.flip(1)
    torch.set_default_dtype(batches.dtype)  # double, where the recording is
    digits = 17 if batches.dtype == torch.float64 else 9  # what tells one number from the next
    w.tensors["x"] = batches[0]
    flat = batches[0].dim() == 2 or w.metadata["family"] == "nice"  # NICE knows no geometry
    model = build(w).train()
    learned = [p for p in model.parameters() if p.requires_grad]
    rule = {"adam": Adam, "adamax": ReleasedAdamax}[w.metadata["optimizer"]]
    optimizer = rule(learned, (meta["beta1"], meta["beta2"]), meta["eps"])
    print("pytorch", torch.__version__, "threads", torch.get_num_threads())  # for programs
    with open(os.path.join(folder, "pytorch-reversed.csv" if backwards else "pytorch.csv"), "w", encoding="utf-8") as csv:
        csv.write("step,nll\n")
        for t, (x, rate) in enumerate(zip(batches, rates)):
            for p in learned:
                p.grad = None
            nll = -model.log_prob(x if flat else weights.images(x)).mean()
            penalty = sum(g.square().sum() for g in gains(model)) if meta["weight_norm_l2"] else 0
            (nll + meta["weight_norm_l2"] * penalty).backward()
            if meta["clip_norm"]:
                clip(learned, meta["clip_norm"])
            optimizer.step(rate)
            csv.write(f"{t + 1},{nll.item():.{digits}g}\n")
            csv.flush()
            print(f"PyTorch: step {t + 1} of {len(rates)}: {nll.item():.2f} nats", file=sys.stderr)


if __name__ == "__main__":
    main()
