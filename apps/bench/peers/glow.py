"""Glow from PyTorch's parts: multi-scale, ActNorm, 1x1 convolutions by slogdet, affine couplings with a sigmoid."""

import math

import torch
import torch.nn.functional as F
from torch import nn

from common import Preprocess, squeeze, unsqueeze
from weights import kernel


class ActNorm(nn.Module):
    def __init__(self, w):
        super().__init__()
        self.log_s = nn.Parameter(w["log_s"].view(1, -1, 1, 1))
        self.b = nn.Parameter(w["b"].view(1, -1, 1, 1))

    def forward(self, x):
        return x * self.log_s.exp() + self.b

    def log_det(self, x):
        return x.shape[2] * x.shape[3] * self.log_s.sum()

    def inverse(self, y):
        return (y - self.b) * (-self.log_s).exp()


class InvertibleConv(nn.Module):
    def __init__(self, w):
        super().__init__()
        self.weight = nn.Parameter(w["w"])

    def forward(self, x):
        return F.conv2d(x, self.weight[:, :, None, None])

    def log_det(self, x):
        return x.shape[2] * x.shape[3] * torch.slogdet(self.weight)[1]

    def inverse(self, y):
        return F.conv2d(y, torch.inverse(self.weight)[:, :, None, None])


def conv(w):
    weight = kernel(w["weight"])
    layer = nn.Conv2d(weight.shape[1], weight.shape[0], weight.shape[2], padding=weight.shape[2] // 2, bias=False)
    with torch.no_grad():
        layer.weight.copy_(weight)
    return layer


class ZeroConv(nn.Module):
    def __init__(self, w):
        super().__init__()
        weight = kernel(w["weight"])
        self.conv = nn.Conv2d(weight.shape[1], weight.shape[0], 3, padding=1)
        self.log_gain = nn.Parameter(w["log_gain"].view(1, -1, 1, 1))
        with torch.no_grad():
            self.conv.weight.copy_(weight)
            self.conv.bias.copy_(w["bias"])

    def forward(self, x):
        return self.conv(x) * (self.log_gain * 3).exp()


class Coupling(nn.Module):
    """Of (a, b) = x by channels, b stays and steers a."""

    def __init__(self, w):
        super().__init__()
        self.net = nn.Sequential(
            conv(w.at("conv1")),
            ActNorm(w.at("norm1")),
            nn.ReLU(inplace=True),
            conv(w.at("conv2")),
            ActNorm(w.at("norm2")),
            nn.ReLU(inplace=True),
            ZeroConv(w.at("last")),
        )

    def forward(self, x):
        a, b = x.chunk(2, 1)
        h, t = self.net(b).chunk(2, 1)
        log_s = F.logsigmoid(h + 2)
        return torch.cat([a * log_s.exp() + t, b], 1), log_s.flatten(1).sum(1)

    def inverse(self, y):
        a, b = y.chunk(2, 1)
        h, t = self.net(b).chunk(2, 1)
        return torch.cat([(a - t) / torch.sigmoid(h + 2), b], 1)


class Step(nn.Module):
    def __init__(self, w):
        super().__init__()
        self.actnorm = ActNorm(w.at("actnorm.affine"))
        self.mix = InvertibleConv(w.at("mix"))
        self.coupling = Coupling(w.at("coupling.net"))

    def forward(self, x):
        y, log_det = self.coupling(self.mix(self.actnorm(x)))
        return y, log_det + self.actnorm.log_det(x) + self.mix.log_det(x)

    def inverse(self, y):
        return self.actnorm.inverse(self.mix.inverse(self.coupling.inverse(y)))


def gaussian_log_prob(x, mean, log_sd):
    return (-0.5 * math.log(2 * math.pi) - log_sd - 0.5 * (x - mean) ** 2 / torch.exp(2 * log_sd)).flatten(1).sum(1)


class Scale(nn.Module):
    """Squeeze, steps; then half of the channels leave, their prior conditioned on the others. The last scale's prior
    has a mean and a deviation for each channel."""

    def __init__(self, w):
        super().__init__()
        self.steps = nn.ModuleList(Step(s) for s in w.each("steps"))
        self.last = "prior.net.value" in w
        if self.last:
            self.prior = nn.Parameter(w["prior.net.value"].view(1, -1, 1, 1))
        else:
            self.prior = ZeroConv(w.at("prior.net.conv"))

    def forward(self, x):
        x, log_prob = squeeze(x), 0
        for step in self.steps:
            x, log_det = step(x)
            log_prob = log_prob + log_det
        if self.last:
            mean, log_sd = self.prior.chunk(2, 1)
            log_sd = log_sd.expand_as(x)
            return None, log_prob + gaussian_log_prob(x, mean, log_sd)
        x, z = x.chunk(2, 1)
        mean, log_sd = self.prior(x).chunk(2, 1)
        return x, log_prob + gaussian_log_prob(z, mean, log_sd)

    def inverse(self, x, z):
        if self.last:
            mean, log_sd = self.prior.chunk(2, 1)
            x = mean + log_sd.exp() * z
        else:
            mean, log_sd = self.prior(x).chunk(2, 1)
            x = torch.cat([x, mean + log_sd.exp() * z], 1)
        for step in reversed(self.steps):
            x = step.inverse(x)
        return unsqueeze(x)


class Glow(nn.Module):
    def __init__(self, w):
        super().__init__()
        self.preprocess = Preprocess(w.metadata)
        self.scales = nn.ModuleList(Scale(s) for s in w.at("flow.images").each("scales"))

    def log_prob(self, x):
        x, log_prob = self.preprocess(x)
        for scale in self.scales:
            x, part = scale(x)
            log_prob = log_prob + part
        return log_prob

    def latent_shapes(self, image):
        """Of each scale's z, from the shape [C, H, W] of an image."""
        c, h, w = image
        shapes = []
        for scale in self.scales:
            c, h, w = 4 * c, h // 2, w // 2
            shapes.append((c if scale.last else c // 2, h, w))
            c //= 2
        return shapes

    def inverse(self, zs):
        x = None
        for scale, z in zip(reversed(self.scales), reversed(zs)):
            x = scale.inverse(x, z)
        return self.preprocess.inverse(x)
