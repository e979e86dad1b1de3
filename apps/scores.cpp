#include "apps/scores.hpp"

#include "apps/density.hpp"
#include "autograd/kernels/parallel.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <numbers>

#include <zlib.h>

namespace bijou::inline BIJOU_SCALAR {
namespace {

std::vector<double> negated(const Tensor& log_p) {
  std::vector<double> out;
  for (const Real v : log_p.data()) out.push_back(-static_cast<double>(v));
  return out;
}

// PNG's five: what is stored of a byte, from those to the left (a), above (b) and both (c).
enum class Filter { none, sub, up, average, paeth };

int predicted(Filter filter, int a, int b, int c) {
  switch (filter) {
    case Filter::none:
      return 0;
    case Filter::sub:
      return a;
    case Filter::up:
      return b;
    case Filter::average:
      return (a + b) / 2;
    case Filter::paeth: {
      const int p = a + b - c, pa = std::abs(p - a), pb = std::abs(p - b), pc = std::abs(p - c);
      return pa <= pb && pa <= pc ? a : pb <= pc ? b : c;
    }
  }
  return 0;
}

// zlib's state, which is larger than an image: made once for each thread.
class Deflater {
 public:
  Deflater() { ready_ = deflateInit(&stream_, Z_BEST_COMPRESSION) == Z_OK; }
  Deflater(const Deflater&) = delete;
  Deflater& operator=(const Deflater&) = delete;
  ~Deflater() { deflateEnd(&stream_); }

  uLong size_of(std::vector<unsigned char>& bytes) {
    packed_.resize(deflateBound(&stream_, static_cast<uLong>(bytes.size())));
    stream_.next_in = bytes.data();
    stream_.avail_in = static_cast<uInt>(bytes.size());
    stream_.next_out = packed_.data();
    stream_.avail_out = static_cast<uInt>(packed_.size());
    const bool whole = ready_ && deflate(&stream_, Z_FINISH) == Z_STREAM_END;
    const uLong size = stream_.total_out;
    deflateReset(&stream_);
    return whole ? size : std::numeric_limits<uLong>::max();
  }

 private:
  z_stream stream_{};
  std::vector<unsigned char> packed_;
  bool ready_;
};

}  // namespace

double deflated_bits(std::span<const Real> whole, const Shape& image) {
  const int64_t row = image[1] * image[2], left = image[2], n = image.numel();
  const auto value = [&](int64_t y, int64_t k) {
    return y < 0 || k < 0 ? 0 : static_cast<int>(whole[static_cast<size_t>(y * row + k)]);
  };
  static thread_local Deflater deflater;
  std::vector<unsigned char> bytes(static_cast<size_t>(n));
  uLong smallest = std::numeric_limits<uLong>::max();
  for (const Filter filter : {Filter::none, Filter::sub, Filter::up, Filter::average, Filter::paeth}) {
    for (int64_t y = 0; y < image[0]; ++y) {
      for (int64_t k = 0; k < row; ++k) {
        const int from = predicted(filter, value(y, k - left), value(y - 1, k), k < left ? 0 : value(y - 1, k - left));
        bytes[static_cast<size_t>(y * row + k)] = static_cast<unsigned char>(value(y, k) - from);
      }
    }
    smallest = std::min(smallest, deflater.size_of(bytes));
  }
  return 8.0 * static_cast<double>(smallest);
}

void measure(const ScoreMakers& makers, const Examples& examples,
             const std::function<void(const Measured&, int64_t)>& see) {
  for_each_block(examples, makers.levels, [&](const Tensor& x, int64_t first) {
    Measured m;
    m.nll = negated(makers.model.log_prob(x).value());
    if (makers.against) m.nll_against = negated(makers.against->log_prob(x).value());
    const int64_t n = x.shape()[0], d = x.numel() / n;
    if (makers.levels > 0) {
      m.deflated.resize(static_cast<size_t>(n));
      const Tensor whole = examples.rows(first, first + n);
      kernels::for_blocks(n, 8, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i)
          m.deflated[static_cast<size_t>(i)] = deflated_bits(
              whole.data().subspan(static_cast<size_t>(i * d), static_cast<size_t>(d)), x.shape().from(1));
      });
    }
    if (makers.gradient) {
      constexpr int64_t kFew = 64;  // what is kept for the gradients takes many times an example's memory
      for (int64_t begin = 0; begin < n; begin += kFew) {
        const Tensor g = makers.model.score(x.rows(begin, std::min(n, begin + kFew)));
        for (int64_t i = 0; i < g.shape()[0]; ++i) m.gradient.push_back(std::sqrt(math::sum_squares(g.rows(i, i + 1))));
      }
    }
    see(m, first);
  });
}

std::vector<Score> scores_of(const Measured& m, int64_t dimensions, double clean_nll_per_value) {
  const auto d = static_cast<double>(dimensions);
  const auto each = [&](const char* name, const auto& f) {
    Score score{name, {}};
    for (size_t i = 0; i < m.nll.size(); ++i) score.values.push_back(f(i));
    return score;
  };
  std::vector<Score> all{each("likelihood", [&](size_t i) { return m.nll[i]; }),
                         each("typicality", [&](size_t i) { return std::abs(m.nll[i] / d - clean_nll_per_value); })};
  if (!m.deflated.empty())
    all.push_back(each("complexity", [&](size_t i) { return (m.nll[i] / std::numbers::ln2 - m.deflated[i]) / d; }));
  if (!m.nll_against.empty()) all.push_back(each("ratio", [&](size_t i) { return m.nll[i] - m.nll_against[i]; }));
  if (!m.gradient.empty()) all.push_back(each("gradient", [&](size_t i) { return m.gradient[i]; }));
  return all;
}

}  // namespace bijou
