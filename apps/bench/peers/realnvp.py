"""RealNVP from PyTorch's parts: masked couplings with residual networks under weight norm, batch norm, two scales;
and the small one on vectors."""

import torch
from torch import nn

from common import Preprocess, mlp, normal_log_prob, squeeze, unsqueeze
from weights import kernel

try:
    from torch.nn.utils.parametrizations import weight_norm
except ImportError:  # before PyTorch 2.0
    from torch.nn.utils import weight_norm


def conv(w):
    """A convolution with weight norm. Where Bijou's has no gain (batch norm follows), the gain stays at 1."""
    v = kernel(w["v"])
    layer = nn.Conv2d(v.shape[1], v.shape[0], v.shape[2], padding=v.shape[2] // 2, bias="bias" in w)
    layer = weight_norm(layer)
    if hasattr(layer, "parametrizations"):
        gain, direction = layer.parametrizations.weight.original0, layer.parametrizations.weight.original1
    else:
        gain, direction = layer.weight_g, layer.weight_v
    with torch.no_grad():
        direction.copy_(v)
        gain.copy_(w["gain"].view(-1, 1, 1, 1) if "gain" in w else torch.ones_like(gain))
        if "bias" in w:
            layer.bias.copy_(w["bias"])
    gain.requires_grad_("gain" in w)
    return layer


def batch_norm(w):
    gain = w["gain"]
    layer = nn.BatchNorm2d(len(gain), eps=1e-4)
    with torch.no_grad():
        layer.weight.copy_(gain)
        layer.bias.copy_(w["offset"])
        layer.running_mean.copy_(w["running.mean"])
        layer.running_var.copy_(w["running.variance"])
    return layer


class Block(nn.Module):
    def __init__(self, w):
        super().__init__()
        self.branch = nn.Sequential(
            batch_norm(w.at("norm1")),
            nn.ReLU(inplace=True),
            conv(w.at("conv1")),
            batch_norm(w.at("norm2")),
            nn.ReLU(inplace=True),
            conv(w.at("conv2")),
        )
        self.skip = conv(w.at("skip"))

    def forward(self, x):
        return x + self.branch(x)


class ResNet(nn.Module):
    def __init__(self, w):
        super().__init__()
        self.stem, self.stem_skip = conv(w.at("stem")), conv(w.at("stem_skip"))
        self.blocks = nn.ModuleList(Block(b) for b in w.each("blocks"))
        self.last = nn.Sequential(batch_norm(w.at("last_norm")), nn.ReLU(inplace=True), conv(w.at("last")))

    def forward(self, x):
        x = self.stem(x)
        skips = self.stem_skip(x)
        for block in self.blocks:
            x = block(x)
            skips = skips + block.skip(x)
        return self.last(skips)


class Checkerboard(nn.Module):
    """The mask is 1 where x stays: on the even pixels, or on the odd ones."""

    def __init__(self, w, even, height, width):
        super().__init__()
        self.net, self.c = ResNet(w.at("net")), nn.Parameter(w["law.scale.c"])
        parity = (torch.arange(height)[:, None] + torch.arange(width)[None, :]) % 2
        self.register_buffer("mask", (parity == (0 if even else 1)).float())

    def scale_and_shift(self, x):
        h, t = self.net(x * self.mask).chunk(2, 1)
        return self.c * torch.tanh(h) * (1 - self.mask), t * (1 - self.mask)

    def forward(self, x):
        s, t = self.scale_and_shift(x)
        return x * s.exp() + t, s.flatten(1).sum(1)

    def inverse(self, y):
        s, t = self.scale_and_shift(y)
        return (y - t) * (-s).exp()


class ChannelWise(nn.Module):
    """The first half of the channels stays, or the second."""

    def __init__(self, w, first):
        super().__init__()
        self.net, self.c, self.first = ResNet(w.at("net")), nn.Parameter(w["law.scale.c"]), first

    def split(self, x):
        return x.chunk(2, 1) if self.first else x.chunk(2, 1)[::-1]

    def merge(self, kept, changed):
        return torch.cat([kept, changed] if self.first else [changed, kept], 1)

    def scale_and_shift(self, kept):
        h, t = self.net(kept).chunk(2, 1)
        return self.c * torch.tanh(h), t

    def forward(self, x):
        kept, changed = self.split(x)
        s, t = self.scale_and_shift(kept)
        return self.merge(kept, changed * s.exp() + t), s.flatten(1).sum(1)

    def inverse(self, y):
        kept, changed = self.split(y)
        s, t = self.scale_and_shift(kept)
        return self.merge(kept, (changed - t) * (-s).exp())


class BatchNormFlow(nn.Module):
    """Batch normalisation as a layer of the flow: its log-determinant needs the batch's variance."""

    def __init__(self, w, eps=1e-4, momentum=0.1):
        super().__init__()
        self.register_buffer("mean", w["running.mean"])
        self.register_buffer("variance", w["running.variance"])
        self.eps, self.momentum = eps, momentum

    def forward(self, x):
        if self.training:
            v, m = torch.var_mean(x, (0, 2, 3), unbiased=False)
            with torch.no_grad():
                self.mean.lerp_(m, self.momentum)
                self.variance.lerp_(v, self.momentum)
        else:
            m, v = self.mean, self.variance
        y = (x - m[:, None, None]) * torch.rsqrt(v + self.eps)[:, None, None]
        return y, -0.5 * x.shape[2] * x.shape[3] * torch.log(v + self.eps).sum()

    def inverse(self, y):
        return y * torch.sqrt(self.variance + self.eps)[:, None, None] + self.mean[:, None, None]


class Scale(nn.Module):
    """Checkerboard couplings; and, but for the last scale, a squeeze and channel-wise ones. Batch norm after each."""

    def __init__(self, w, height, width):
        super().__init__()
        self.checkerboard, self.channel = nn.ModuleList(), nn.ModuleList()
        for i, one in enumerate(w.each("checkerboard")):
            self.checkerboard.append(Checkerboard(one, i % 2 == 0, height, width))
            self.checkerboard.append(BatchNormFlow(w.at(f"checkerboard.{i}_norm")))
        for i, one in enumerate(w.each("channel")):
            self.channel.append(ChannelWise(one, i % 2 == 0))
            self.channel.append(BatchNormFlow(w.at(f"channel.{i}_norm")))
        self.last = len(self.channel) == 0

    def forward(self, x):
        total = 0
        for layer in self.checkerboard:
            x, log_det = layer(x)
            total = total + log_det
        if self.last:
            return None, x, total
        x = squeeze(x)
        for layer in self.channel:
            x, log_det = layer(x)
            total = total + log_det
        x, z = x.chunk(2, 1)
        return x, z, total

    def inverse(self, x, z):
        if self.last:
            x = z
        else:
            x = torch.cat([x, z], 1)
            for layer in reversed(self.channel):
                x = layer.inverse(x)
            x = unsqueeze(x)
        for layer in reversed(self.checkerboard):
            x = layer.inverse(x)
        return x


class RealNVP(nn.Module):
    def __init__(self, w):
        super().__init__()
        self.preprocess = Preprocess(w.metadata)
        _, height, width, _ = w["x"].shape
        scales = enumerate(w.at("flow.images").each("scales"))
        self.scales = nn.ModuleList(Scale(s, height >> i, width >> i) for i, s in scales)

    def log_prob(self, x):
        x, log_prob = self.preprocess(x)
        for scale in self.scales:
            x, z, log_det = scale(x)
            log_prob = log_prob + log_det + normal_log_prob(z)
        return log_prob

    def latent_shapes(self, image):
        c, h, w = image
        shapes = []
        for scale in self.scales:
            if not scale.last:
                c, h, w = 2 * c, h // 2, w // 2
            shapes.append((c, h, w))
        return shapes

    def inverse(self, zs):
        x = None
        for scale, z in zip(reversed(self.scales), reversed(zs)):
            x = scale.inverse(x, z)
        return self.preprocess.inverse(x)


class VectorCoupling(nn.Module):
    def __init__(self, w, keep_first):
        super().__init__()
        self.net, self.c, self.keep_first = mlp(w.at("net")), nn.Parameter(w["law.scale.c"]), keep_first

    def forward(self, x):
        kept, changed = x.chunk(2, 1) if self.keep_first else x.chunk(2, 1)[::-1]
        h, t = self.net(kept).chunk(2, 1)
        s = self.c * torch.tanh(h)
        changed = changed * s.exp() + t
        return torch.cat([kept, changed] if self.keep_first else [changed, kept], 1), s.sum(1)


class VectorRealNVP(nn.Module):
    def __init__(self, w):
        super().__init__()
        couplings = enumerate(w.at("flow").each("couplings"))
        self.couplings = nn.ModuleList(VectorCoupling(c, keep_first=i % 2 == 0) for i, c in couplings)

    def log_prob(self, x):
        log_prob = 0
        for coupling in self.couplings:
            x, log_det = coupling(x)
            log_prob = log_prob + log_det
        return log_prob + normal_log_prob(x)
