// What a trained flow says of the rows of a table, and three rows of its own:  score CHECKPOINT TABLE
#include "datasets/dataset.hpp"
#include "flows/checkpoint.hpp"

#include <cstdio>

int main(int argc, char** argv) try {
  using namespace bijou;
  if (argc != 3) throw UsageError("usage: score CHECKPOINT TABLE");
  const SavedFlow flow = load_flow(argv[1]);
  const Tensor x = load_test_data(argv[2]).test.x;  // [n, D]

  const Tensor log_p = flow.model->log_prob(x).value();  // [n], in nats
  double sum = 0;
  for (const Real v : log_p.data()) sum += v;
  std::printf("-log p(x) = %.9g nats, the mean of %zu rows\n", -sum / log_p.data().size(), log_p.data().size());

  Rng rng(1, stream("sample"));  // as `bijou sample --seed 1`
  const Tensor drawn = flow.model->sample(3, rng);
  for (int64_t i = 0; i < drawn.numel(); ++i) {
    std::printf("%.9g%c", drawn.data()[i], (i + 1) % drawn.shape()[-1] == 0 ? '\n' : ',');
  }
  return 0;
} catch (const bijou::Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
