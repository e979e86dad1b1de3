"""NICE from PyTorch's parts: couplings of the odd and the even dimensions, a diagonal scale, a logistic prior."""

import torch
import torch.nn.functional as F
from torch import nn

from common import Preprocess, mlp


class NICE(nn.Module):
    def __init__(self, w):
        super().__init__()
        self.preprocess = Preprocess(w.metadata)
        self.couplings = nn.ModuleList(mlp(c.at("net")) for c in w.at("flow").each("couplings"))
        self.log_scale = nn.Parameter(w["flow.scale.s"])

    def log_prob(self, x):
        x, log_det = self.preprocess(x)
        x = x.flatten(1)
        even, odd = x[:, 0::2], x[:, 1::2]
        for i, m in enumerate(self.couplings):
            if i % 2 == 0:
                odd = odd + m(even)
            else:
                even = even + m(odd)
        z = torch.stack([even, odd], 2).flatten(1) * self.log_scale.exp()
        log_prior = -(F.softplus(z) + F.softplus(-z)).sum(1)
        return log_prior + log_det + self.log_scale.sum()
