"""What the three models share: data preprocessing, the MLP, densities."""

import math

import torch
import torch.nn.functional as F
from torch import nn


def linear(w):
    weight = w["weight"]
    layer = nn.Linear(*weight.shape)
    with torch.no_grad():
        layer.weight.copy_(weight.T)
        layer.bias.copy_(w["bias"])
    return layer


def mlp(w):
    layers = []
    for one in w.each("layers"):
        layers += [linear(one), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


class Preprocess(nn.Module):
    """Integers 0 .. levels-1 (dequantised) to [low, 1], then the logit of alpha + (1 - 2 alpha) x."""

    def __init__(self, metadata):
        super().__init__()
        self.levels, self.low = int(metadata["levels"]), float(metadata["low"])
        self.alpha = float(metadata["alpha"])

    def forward(self, x):
        if not self.levels:
            return x, x.new_zeros(len(x))
        a = (1 - self.low) / self.levels
        x = x * a + self.low
        log_det = x.new_full((len(x),), math.log(a) * x[0].numel())
        if self.alpha:
            p = x * (1 - 2 * self.alpha) + self.alpha
            x = p.log() - (1 - p).log()
            log_det = log_det + (F.softplus(x) + F.softplus(-x) + math.log(1 - 2 * self.alpha)).flatten(1).sum(1)
        return x, log_det

    def inverse(self, y):
        if not self.levels:
            return y
        if self.alpha:
            y = (torch.sigmoid(y) - self.alpha) / (1 - 2 * self.alpha)
        return (y - self.low) * (self.levels / (1 - self.low))


def normal_log_prob(z):
    return (-0.5 * (z**2 + math.log(2 * math.pi))).flatten(1).sum(1)


def squeeze(x):
    """[N, C, H, W] -> [N, 4 C, H/2, W/2]; the new channel is (dy * 2 + dx) * C + c."""
    n, c, h, w = x.shape
    return x.view(n, c, h // 2, 2, w // 2, 2).permute(0, 3, 5, 1, 2, 4).reshape(n, 4 * c, h // 2, w // 2)


def unsqueeze(x):
    n, c, h, w = x.shape
    return x.view(n, 2, 2, c // 4, h, w).permute(0, 3, 4, 1, 5, 2).reshape(n, c // 4, h * 2, w * 2)
