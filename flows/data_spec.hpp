// What a model is for: the shape of an example and how raw values become numbers that a flow likes. The same for all
// three models, and made of flows, so that the density is that of the raw data.
#pragma once
#include "flows/sequential.hpp"

namespace bijou::inline BIJOU_SCALAR {

struct DataSpec {
  Shape input = {};          // [H, W, C]: images;  [D]: vectors
  int levels = 0;            // images of integers 0 .. levels-1, dequantised and rescaled; 0: real values as they are
  double low = 0;            // the range [low, 1] that images are rescaled to: 0, or -1
  double alpha = 0.05;       // of the logit that follows; 0: none
  bool standardize = false;  // vectors: subtract the mean and divide by the deviation of the training part
};

// ValueError for shapes that are neither images nor vectors.
void add_preprocessing(Sequential& flow, const DataSpec& data);

}  // namespace bijou
