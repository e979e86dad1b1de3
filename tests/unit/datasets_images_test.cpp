// Images of fewer bits.
#include "tests/unit/datasets_helpers.hpp"

using namespace bijou_tests;

TEST_CASE("datasets: fewer bits are the upper bits, in all three parts") {
  for (int bits = 1; bits <= 8; ++bits) {
    CAPTURE(bits);
    Dataset d;
    d.name = "ramp";
    d.levels = 256;
    d.train.x = ramp({4, 8, 8, 1}, 256);
    d.validation.x = ramp({2, 8, 8, 1}, 256);
    d.test.x = ramp({3, 8, 8, 1}, 256);
    const Tensor before = d.train.x;  // someone else's
    reduce_bits(d, bits);
    CHECK(d.levels == std::pow(2, bits));
    for (const Tensor* x : {&d.train.x, &d.validation.x, &d.test.x}) {
      bool right = true;
      for (int64_t i = 0; i < x->numel(); ++i)
        right = right && x->data()[i] == static_cast<Real>(i % 256 >> (8 - bits));
      CHECK(right);
    }
    CHECK(d.validation.x.shape() == Shape{2, 8, 8, 1});
    CHECK(equal(before, ramp({4, 8, 8, 1}, 256)));
    const Loader loader(d.train, d.levels, 2, 1);  // takes integers 0 .. levels-1 and nothing else
    CHECK(std::ranges::max(d.train.x.data()) == d.levels - 1);
  }
}

TEST_CASE("datasets: fewer bits are refused where they make no sense") {
  Dataset digits = load_digits(), moons = load_dataset("moons"), images;
  images.name = "images";
  images.levels = 256;
  images.train.x = ramp({4, 8, 8, 1}, 256);
  for (const int bits : {0, -1, 9})
    REFUSES(UsageError, reduce_bits(images, bits),
            text("bits: ", bits, " asked for; images of 8 bits can have 1 .. 8"));
  REFUSES(UsageError, reduce_bits(digits, 5), "digits has images of 17 levels", "256");
  REFUSES(UsageError, reduce_bits(moons, 5), "moons holds real numbers");
  reduce_bits(images, 5);
  CHECK(images.levels == 32);
  REFUSES(UsageError, reduce_bits(images, 4), "images of 32 levels");
  images.train.x = Tensor::full({1, 2, 2, 1}, 0.5);
  images.levels = 256;
  REFUSES(ValueError, reduce_bits(images, 5), "0.5", "scaled or dequantised");
}
