// Training kernels that TensorFlow lacks on processors: batch norm with its activation in as few passes over memory as
// there can be, attention, cross-entropy and AdamW in one op each. They are TensorFlow ops by its stable C API, registered as
// this library is loaded and called by name like any other (src/engine/kernels/tensorflow.ts). Maps are [..., channels], float32.
#include <atomic>
#include <cmath>
#include <cstdint>
#include <vector>
#include "pool.h"
#include "tensorflowOps.h"

// One build for every processor: the widest registers at hand are chosen as the library is loaded (by GCC, on Linux).
#if defined(__x86_64__) && defined(__linux__) && !defined(__clang__)
#define EACH_PROCESSOR __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define EACH_PROCESSOR
#endif
#define INLINE inline __attribute__((always_inline))

namespace thaw {

enum Activation { none, relu, relu6 };

// Several rows are taken as one, so that inner loops are long even where channels are few; what is known per channel is
// repeated to that width. The last rows may be fewer: a prefix.
struct Rows {
  int64_t channels, count, width, groups;
  explicit Rows(int64_t channels, int64_t size)
      : channels(channels), count(size / channels), width(channels * std::max<int64_t>(1, 256 / channels)), groups((size + width - 1) / width) {}
  int64_t size() const { return channels * count; }
  std::vector<float> repeated(const float* values) const {
    std::vector<float> all(width);
    for (int64_t i = 0; i < width; i++) all[i] = values[i % channels];
    return all;
  }
};

// Sums of two series per channel: in float32 over some rows, in float64 over all.
struct Sums {
  std::vector<double> first, second;
  explicit Sums(int64_t channels) : first(channels), second(channels) {}
};

constexpr int64_t groupsPerSum = 16;

INLINE float activated(float z, Activation activation) {
  if (activation == none) return z;
  const float positive = z > 0 ? z : 0;
  return activation == relu6 && positive > 6 ? 6 : positive;
}

INLINE float passed(float dy, float z, Activation activation) {
  if (activation == none) return dy;
  const float positive = z > 0 ? dy : 0;
  return activation == relu6 && z >= 6 ? 0 : positive;
}

// Around a pivot near the mean, so that nothing cancels.
EACH_PROCESSOR void momentsOf(const float* __restrict x, const float* __restrict pivot, int64_t length, float* __restrict sum, float* __restrict squares) {
  for (int64_t i = 0; i < length; i++) {
    const float d = x[i] - pivot[i];
    sum[i] += d;
    squares[i] += d * d;
  }
}

template <Activation activation>
INLINE void normaliseAs(const float* __restrict x, const float* __restrict factor, const float* __restrict constant, int64_t length, float* __restrict y) {
  for (int64_t i = 0; i < length; i++) y[i] = activated(x[i] * factor[i] + constant[i], activation);
}

EACH_PROCESSOR void normalise(Activation activation, const float* x, const float* factor, const float* constant, int64_t length, float* y) {
  switch (activation) {
    case none: return normaliseAs<none>(x, factor, constant, length, y);
    case relu: return normaliseAs<relu>(x, factor, constant, length, y);
    case relu6: return normaliseAs<relu6>(x, factor, constant, length, y);
  }
}

// The activation's gradient is told from x: its output need not be read.
template <Activation activation>
INLINE void gradientSumsAs(const float* __restrict dy, const float* __restrict x, const float* __restrict mean, const float* __restrict factor,
                           const float* __restrict constant, int64_t length, float* __restrict sum, float* __restrict along) {
  for (int64_t i = 0; i < length; i++) {
    const float centred = x[i] - mean[i];
    const float g = passed(dy[i], x[i] * factor[i] + constant[i], activation);
    sum[i] += g;
    along[i] += g * centred;
  }
}

EACH_PROCESSOR void gradientSums(Activation activation, const float* dy, const float* x, const float* mean, const float* factor, const float* constant,
                                 int64_t length, float* sum, float* along) {
  switch (activation) {
    case none: return gradientSumsAs<none>(dy, x, mean, factor, constant, length, sum, along);
    case relu: return gradientSumsAs<relu>(dy, x, mean, factor, constant, length, sum, along);
    case relu6: return gradientSumsAs<relu6>(dy, x, mean, factor, constant, length, sum, along);
  }
}

// dx = factor · (g − offset − centred · slope); by stored statistics offset and slope are 0.
template <Activation activation>
INLINE void gradientAs(const float* __restrict dy, const float* __restrict x, const float* __restrict mean, const float* __restrict factor,
                       const float* __restrict constant, const float* __restrict offset, const float* __restrict slope, int64_t length, float* __restrict dx) {
  for (int64_t i = 0; i < length; i++) {
    const float centred = x[i] - mean[i];
    const float g = passed(dy[i], x[i] * factor[i] + constant[i], activation);
    dx[i] = factor[i] * (g - offset[i] - centred * slope[i]);
  }
}

EACH_PROCESSOR void gradient(Activation activation, const float* dy, const float* x, const float* mean, const float* factor, const float* constant,
                             const float* offset, const float* slope, int64_t length, float* dx) {
  switch (activation) {
    case none: return gradientAs<none>(dy, x, mean, factor, constant, offset, slope, length, dx);
    case relu: return gradientAs<relu>(dy, x, mean, factor, constant, offset, slope, length, dx);
    case relu6: return gradientAs<relu6>(dy, x, mean, factor, constant, offset, slope, length, dx);
  }
}

// Runs `add(from, length, sum, second)` over all rows; the sums of each worker are joined at the end.
template <typename Add>
Sums sumOver(const Rows& rows, Add add) {
  Sums total(rows.channels);
  std::mutex joining;
  Pool::shared().run(rows.groups, groupsPerSum, [&](Pool::Chunks& chunks) {
    Sums mine(rows.channels);
    std::vector<float> sum(rows.width), second(rows.width);
    for (int64_t first, last; chunks.next(first, last);) {
      std::fill(sum.begin(), sum.end(), 0.f);
      std::fill(second.begin(), second.end(), 0.f);
      for (int64_t group = first; group < last; group++) {
        const int64_t from = group * rows.width;
        add(from, std::min(rows.width, rows.size() - from), sum.data(), second.data());
      }
      for (int64_t i = 0; i < rows.width; i++) {
        mine.first[i % rows.channels] += sum[i];
        mine.second[i % rows.channels] += second[i];
      }
    }
    std::lock_guard<std::mutex> lock(joining);
    for (int64_t c = 0; c < rows.channels; c++) {
      total.first[c] += mine.first[c];
      total.second[c] += mine.second[c];
    }
  });
  return total;
}

template <typename Work>
void overRows(const Rows& rows, Work work) {
  Pool::shared().run(rows.groups, groupsPerSum, [&](Pool::Chunks& chunks) {
    for (int64_t first, last; chunks.next(first, last);) {
      for (int64_t group = first; group < last; group++) {
        const int64_t from = group * rows.width;
        work(from, std::min(rows.width, rows.size() - from));
      }
    }
  });
}

struct BatchNorm {
  float epsilon;
  bool training;
  Activation activation;
  explicit BatchNorm(Attributes attributes)
      : epsilon(attributes.number("epsilon")), training(attributes.flag("training")), activation(Activation(attributes.integer("activation"))) {}

  // Per channel, repeated to the width of `rows`: y = x · factor + constant, in the very terms of PyTorch, so that values
  // near an activation's edge fall on the same side.
  struct Terms {
    std::vector<float> factor, constant;
  };
  Terms terms(const Rows& rows, const Tensor& scale, const Tensor& shift, const float* mean, const float* variance) const {
    std::vector<float> factor(rows.channels), constant(rows.channels);
    for (int64_t c = 0; c < rows.channels; c++) {
      factor[c] = scale.data()[c] / std::sqrt(variance[c] + epsilon);
      constant[c] = shift.data()[c] - mean[c] * factor[c];
    }
    return {rows.repeated(factor.data()), rows.repeated(constant.data())};
  }
};

struct BatchNormForward : BatchNorm {
  using BatchNorm::BatchNorm;
  // x, scale, shift, mean, variance → y, mean, variance (biased); the given statistics count unless training.
  void compute(Call& call) const {
    const Tensor x = call.input(0), scale = call.input(1), shift = call.input(2);
    const Rows rows(scale.size(), x.size());
    const float* values = x.data();
    Tensor y = call.outputLike(0, x), mean = call.outputLike(1, scale), variance = call.outputLike(2, scale);
    if (call.failed()) return;
    if (training) {
      const std::vector<float> pivot = rows.repeated(values);
      const Sums sums = sumOver(rows, [&](int64_t from, int64_t length, float* sum, float* squares) { momentsOf(values + from, pivot.data(), length, sum, squares); });
      for (int64_t c = 0; c < rows.channels; c++) {
        const double offset = sums.first[c] / rows.count;
        mean.data()[c] = float(pivot[c] + offset);
        variance.data()[c] = float(std::max(0.0, sums.second[c] / rows.count - offset * offset));
      }
    } else {
      const Tensor storedMean = call.input(3), storedVariance = call.input(4);
      std::copy_n(storedMean.data(), rows.channels, mean.data());
      std::copy_n(storedVariance.data(), rows.channels, variance.data());
    }
    const Terms of = terms(rows, scale, shift, mean.data(), variance.data());
    overRows(rows, [&](int64_t from, int64_t length) { normalise(activation, values + from, of.factor.data(), of.constant.data(), length, y.data() + from); });
  }
};

struct BatchNormGradient : BatchNorm {
  using BatchNorm::BatchNorm;
  // dy, x, scale, shift, mean, variance → dx, dScale, dShift.
  void compute(Call& call) const {
    const Tensor dy = call.input(0), x = call.input(1), scale = call.input(2), shift = call.input(3), mean = call.input(4), variance = call.input(5);
    const Rows rows(scale.size(), x.size());
    Tensor dx = call.outputLike(0, x), dScale = call.outputLike(1, scale), dShift = call.outputLike(2, scale);
    if (call.failed()) return;
    const Terms of = terms(rows, scale, shift, mean.data(), variance.data());
    const auto means = rows.repeated(mean.data());
    std::vector<float> offsets(rows.width), slopes(rows.width);
    const auto each = [&](int64_t from, int64_t length) {
      gradient(activation, dy.data() + from, x.data() + from, means.data(), of.factor.data(), of.constant.data(), offsets.data(), slopes.data(), length, dx.data() + from);
    };
    const Sums sums = sumOver(rows, [&](int64_t from, int64_t length, float* sum, float* along) {
      gradientSums(activation, dy.data() + from, x.data() + from, means.data(), of.factor.data(), of.constant.data(), length, sum, along);
      if (!training) each(from, length);
    });
    for (int64_t c = 0; c < rows.channels; c++) {
      dShift.data()[c] = float(sums.first[c]);
      dScale.data()[c] = float(sums.second[c] / std::sqrt(double(variance.data()[c]) + epsilon));
    }
    if (!training) return;
    for (int64_t i = 0; i < rows.width; i++) {
      const int64_t c = i % rows.channels;
      offsets[i] = float(sums.first[c] / rows.count);
      slopes[i] = float(sums.second[c] / rows.count / (double(variance.data()[c]) + epsilon));
    }
    overRows(rows, each);
  }
};

// Gradient of depthwise filters. x: [batch, height, width, channels]; dy: [batch, outHeight, outWidth, channels].
struct Depthwise {
  int64_t batch, height, width, channels, outHeight, outWidth, kernel, stride, top, left;
};

constexpr int64_t lanes = 32; // channels at once

// One image and up to `lanes` channels from `c`, added to sums [kernel, kernel, channels].
template <int kernel>
INLINE void filterGradientAs(const Depthwise& of, const float* __restrict x, const float* __restrict dy, int64_t c, int64_t count, float* __restrict sums) {
  for (int64_t row = 0; row < of.outHeight; row++) {
    for (int64_t i = 0; i < kernel; i++) {
      const int64_t inRow = row * of.stride + i - of.top;
      if (inRow < 0 || inRow >= of.height) continue;
      const float* in = x + inRow * of.width * of.channels + c;
      const float* out = dy + row * of.outWidth * of.channels + c;
      float sum[kernel][lanes] = {};
      for (int64_t column = 0; column < of.outWidth; column++) {
        const float* g = out + column * of.channels;
        const int64_t first = column * of.stride - of.left;
        const bool inside = first >= 0 && first + kernel <= of.width;
        for (int j = 0; j < kernel; j++) {
          if (!inside && (first + j < 0 || first + j >= of.width)) continue;
          const float* at = in + (first + j) * of.channels;
          if (count == lanes) for (int64_t k = 0; k < lanes; k++) sum[j][k] += at[k] * g[k];
          else for (int64_t k = 0; k < count; k++) sum[j][k] += at[k] * g[k];
        }
      }
      for (int j = 0; j < kernel; j++) {
        float* total = sums + (i * kernel + j) * of.channels + c;
        for (int64_t k = 0; k < count; k++) total[k] += sum[j][k];
      }
    }
  }
}

EACH_PROCESSOR void filterGradient(const Depthwise& of, const float* x, const float* dy, int64_t c, int64_t count, float* sums) {
  switch (of.kernel) {
    case 3: return filterGradientAs<3>(of, x, dy, c, count, sums);
    case 5: return filterGradientAs<5>(of, x, dy, c, count, sums);
    case 7: return filterGradientAs<7>(of, x, dy, c, count, sums);
  }
}

struct DepthwiseFilterGradient {
  int64_t kernel, stride, top, left;
  explicit DepthwiseFilterGradient(Attributes attributes)
      : kernel(attributes.integer("kernel")), stride(attributes.integer("stride")), top(attributes.integer("top")), left(attributes.integer("left")) {}
  // x, dy → [kernel, kernel, channels, 1].
  void compute(Call& call) const {
    const Tensor x = call.input(0), dy = call.input(1);
    const auto in = x.shape(), out = dy.shape();
    const Depthwise of{in[0], in[1], in[2], in[3], out[1], out[2], kernel, stride, top, left};
    Tensor gradient = call.output(0, {kernel, kernel, of.channels, 1});
    if (call.failed()) return;
    float* total = gradient.data();
    std::fill_n(total, gradient.size(), 0.f);
    const int64_t blocks = (of.channels + lanes - 1) / lanes;
    std::mutex joining;
    Pool::shared().run(of.batch * blocks, 1, [&](Pool::Chunks& chunks) {
      std::vector<float> mine(gradient.size());
      for (int64_t unit, last; chunks.next(unit, last);) {
        const int64_t image = unit / blocks, c = unit % blocks * lanes;
        filterGradient(of, x.data() + image * of.height * of.width * of.channels, dy.data() + image * of.outHeight * of.outWidth * of.channels,
                       c, std::min(lanes, of.channels - c), mine.data());
      }
      std::lock_guard<std::mutex> lock(joining);
      for (int64_t i = 0; i < int64_t(mine.size()); i++) total[i] += mine[i];
    });
  }
};

// Layer norm: each row of `channels` by its own mean and variance, which the gradient takes again rather than keep.
EACH_PROCESSOR void rowStatistics(const float* __restrict x, int64_t channels, float epsilon, float& mean, float& inverse) {
  float sums[16] = {}, squares[16] = {};
  const float pivot = x[0];
  int64_t i = 0;
  for (; i + 16 <= channels; i += 16) {
    for (int k = 0; k < 16; k++) {
      const float d = x[i + k] - pivot;
      sums[k] += d;
      squares[k] += d * d;
    }
  }
  double sum = 0, square = 0;
  for (; i < channels; i++) {
    const double d = x[i] - pivot;
    sum += d;
    square += d * d;
  }
  for (int k = 0; k < 16; k++) {
    sum += sums[k];
    square += squares[k];
  }
  const double offset = sum / channels;
  mean = float(pivot + offset);
  inverse = float(1 / std::sqrt(std::max(0.0, square / channels - offset * offset) + epsilon));
}

EACH_PROCESSOR void layerNormRow(const float* __restrict x, const float* __restrict scale, const float* __restrict shift, int64_t channels, float mean, float inverse, float* __restrict y) {
  for (int64_t i = 0; i < channels; i++) y[i] = (x[i] - mean) * inverse * scale[i] + shift[i];
}

EACH_PROCESSOR void layerNormGradientRow(const float* __restrict dy, const float* __restrict x, const float* __restrict scale, int64_t channels, float mean, float inverse,
                                         float* __restrict dx, float* __restrict dScale, float* __restrict dShift) {
  float sums[16] = {}, alongs[16] = {};
  for (int64_t i = 0; i < channels; i++) {
    const float normal = (x[i] - mean) * inverse;
    dScale[i] += dy[i] * normal;
    dShift[i] += dy[i];
  }
  int64_t i = 0;
  for (; i + 16 <= channels; i += 16) {
    for (int k = 0; k < 16; k++) {
      const float g = dy[i + k] * scale[i + k];
      sums[k] += g;
      alongs[k] += g * (x[i + k] - mean);
    }
  }
  float sum = 0, along = 0;
  for (; i < channels; i++) {
    sum += dy[i] * scale[i];
    along += dy[i] * scale[i] * (x[i] - mean);
  }
  for (int k = 0; k < 16; k++) {
    sum += sums[k];
    along += alongs[k];
  }
  const float offset = sum / float(channels), slope = along * inverse * inverse / float(channels);
  for (int64_t j = 0; j < channels; j++) dx[j] = inverse * (dy[j] * scale[j] - offset - (x[j] - mean) * slope);
}

constexpr int64_t rowsAtOnce = 64;

struct LayerNorm {
  float epsilon;
  explicit LayerNorm(Attributes attributes) : epsilon(attributes.number("epsilon")) {}
  // x, scale, shift → y.
  void compute(Call& call) const {
    const Tensor x = call.input(0), scale = call.input(1), shift = call.input(2);
    const int64_t channels = scale.size();
    Tensor y = call.outputLike(0, x);
    if (call.failed()) return;
    Pool::shared().run(x.size() / channels, rowsAtOnce, [&](Pool::Chunks& chunks) {
      for (int64_t row, last; chunks.next(row, last);) {
        for (; row < last; row++) {
          float mean, inverse;
          rowStatistics(x.data() + row * channels, channels, epsilon, mean, inverse);
          layerNormRow(x.data() + row * channels, scale.data(), shift.data(), channels, mean, inverse, y.data() + row * channels);
        }
      }
    });
  }
};

struct LayerNormGradient {
  float epsilon;
  explicit LayerNormGradient(Attributes attributes) : epsilon(attributes.number("epsilon")) {}
  // dy, x, scale → dx, dScale, dShift.
  void compute(Call& call) const {
    const Tensor dy = call.input(0), x = call.input(1), scale = call.input(2);
    const int64_t channels = scale.size();
    Tensor dx = call.outputLike(0, x), dScale = call.outputLike(1, scale), dShift = call.outputLike(2, scale);
    if (call.failed()) return;
    Sums total(channels);
    std::mutex joining;
    Pool::shared().run(x.size() / channels, rowsAtOnce, [&](Pool::Chunks& chunks) {
      Sums mine(channels);
      std::vector<float> scales(channels), shifts(channels);
      for (int64_t row, last; chunks.next(row, last);) {
        std::fill(scales.begin(), scales.end(), 0.f);
        std::fill(shifts.begin(), shifts.end(), 0.f);
        for (; row < last; row++) {
          float mean, inverse;
          const int64_t from = row * channels;
          rowStatistics(x.data() + from, channels, epsilon, mean, inverse);
          layerNormGradientRow(dy.data() + from, x.data() + from, scale.data(), channels, mean, inverse, dx.data() + from, scales.data(), shifts.data());
        }
        for (int64_t c = 0; c < channels; c++) {
          mine.first[c] += scales[c];
          mine.second[c] += shifts[c];
        }
      }
      std::lock_guard<std::mutex> lock(joining);
      for (int64_t c = 0; c < channels; c++) {
        total.first[c] += mine.first[c];
        total.second[c] += mine.second[c];
      }
    });
    for (int64_t c = 0; c < channels; c++) {
      dScale.data()[c] = float(total.first[c]);
      dShift.data()[c] = float(total.second[c]);
    }
  }
};

// e^x for x ≤ 0, to a unit or two in the last place: 2^n · e^r with |r| ≤ ln 2 / 2, e^r by its series.
INLINE float exponential(float x) {
  const float clamped = x < -87.f ? -87.f : x;
  const float n = std::nearbyint(clamped * 1.44269504f);
  const float r = (clamped - n * 0.693359375f) + n * 2.12194440e-4f;
  const float series = 1 + r * (1 + r * (1.f / 2 + r * (1.f / 6 + r * (1.f / 24 + r * (1.f / 120 + r * (1.f / 720))))));
  union { int32_t bits; float power; } two;
  two.bits = (int32_t(n) + 127) << 23;
  return series * two.power;
}

// Φ(x) = (1 + erf(x / √2)) / 2, and φ(x) = Φ'(x). erf by Abramowitz & Stegun 7.1.26, whose error is below 1.5e-7.
INLINE void normalDistribution(float x, float& below, float& density) {
  const float bell = exponential(-0.5f * x * x), z = std::fabs(x) * 0.70710678f;
  const float t = 1 / (1 + 0.3275911f * z);
  const float tail = 0.5f * bell * t * (0.254829592f + t * (-0.284496736f + t * (1.421413741f + t * (-1.453152027f + t * 1.061405429f))));
  below = x < 0 ? tail : 1 - tail;
  density = 0.39894228f * bell;
}

EACH_PROCESSOR void gelu(const float* __restrict x, int64_t length, float* __restrict y) {
  for (int64_t i = 0; i < length; i++) {
    float below, density;
    normalDistribution(x[i], below, density);
    y[i] = x[i] * below;
  }
}

EACH_PROCESSOR void geluGradient(const float* __restrict dy, const float* __restrict x, int64_t length, float* __restrict dx) {
  for (int64_t i = 0; i < length; i++) {
    float below, density;
    normalDistribution(x[i], below, density);
    dx[i] = dy[i] * (below + x[i] * density);
  }
}

constexpr int64_t valuesAtOnce = 1 << 14;

struct Gelu {
  explicit Gelu(Attributes) {}
  // x → y.
  void compute(Call& call) const {
    const Tensor x = call.input(0);
    Tensor y = call.outputLike(0, x);
    if (call.failed()) return;
    Pool::shared().run(x.size(), valuesAtOnce, [&](Pool::Chunks& chunks) {
      for (int64_t from, to; chunks.next(from, to);) gelu(x.data() + from, to - from, y.data() + from);
    });
  }
};

struct GeluGradient {
  explicit GeluGradient(Attributes) {}
  // dy, x → dx.
  void compute(Call& call) const {
    const Tensor dy = call.input(0), x = call.input(1);
    Tensor dx = call.outputLike(0, x);
    if (call.failed()) return;
    Pool::shared().run(x.size(), valuesAtOnce, [&](Pool::Chunks& chunks) {
      for (int64_t from, to; chunks.next(from, to);) geluGradient(dy.data() + from, x.data() + from, to - from, dx.data() + from);
    });
  }
};

// Of a window's equal maxima the first takes the gradient. `open`: 1 while none has, per channel.
EACH_PROCESSOR void giveToMaximum(const float* __restrict x, const float* __restrict y, const float* __restrict dy, int64_t channels, float* __restrict open, float* __restrict dx) {
  for (int64_t c = 0; c < channels; c++) {
    const float taken = x[c] == y[c] ? open[c] : 0;
    dx[c] += taken * dy[c];
    open[c] -= taken;
  }
}

struct MaxPoolGradient {
  int64_t tall, wide, down, across, top, left;
  explicit MaxPoolGradient(Attributes attributes)
      : tall(attributes.integer("tall")), wide(attributes.integer("wide")), down(attributes.integer("down")), across(attributes.integer("across")),
        top(attributes.integer("top")), left(attributes.integer("left")) {}
  // x, y, dy → dx.
  void compute(Call& call) const {
    const Tensor x = call.input(0), y = call.input(1), dy = call.input(2);
    const auto in = x.shape(), out = y.shape();
    const int64_t height = in[1], width = in[2], channels = in[3];
    Tensor dx = call.outputLike(0, x);
    if (call.failed()) return;
    Pool::shared().run(in[0], 1, [&](Pool::Chunks& chunks) {
      std::vector<float> open(channels);
      for (int64_t image, last; chunks.next(image, last);) {
        const int64_t from = image * height * width * channels;
        std::fill_n(dx.data() + from, height * width * channels, 0.f);
        for (int64_t row = 0; row < out[1]; row++) {
          for (int64_t column = 0; column < out[2]; column++) {
            const int64_t window = ((image * out[1] + row) * out[2] + column) * channels;
            std::fill(open.begin(), open.end(), 1.f);
            for (int64_t i = std::max<int64_t>(0, row * down - top); i < std::min(height, row * down - top + tall); i++) {
              for (int64_t j = std::max<int64_t>(0, column * across - left); j < std::min(width, column * across - left + wide); j++) {
                const int64_t at = from + (i * width + j) * channels;
                giveToMaximum(x.data() + at, y.data() + window, dy.data() + window, channels, open.data(), dx.data() + at);
              }
            }
          }
        }
      }
    });
  }
};

// Matrix products of the sizes of one head: c [rows, columns] = or += a [rows, depth] · b [depth, columns]. Rows of b and c
// begin `bStride` and `cStride` apart, and columns are a multiple of 16; a may be turned: it is read at row · aRow + depth · aStep.
struct Product {
  const float *a, *b;
  float* c;
  int64_t rows, columns, depth, aRow, aStep, bStride, cStride;
  bool adds;
};

// One register of so many floats, read and written at any address.
template <int lanes> struct Register;
template <> struct Register<4> { typedef float Floats __attribute__((vector_size(16), aligned(4), may_alias)); };
template <> struct Register<8> { typedef float Floats __attribute__((vector_size(32), aligned(4), may_alias)); };
template <> struct Register<16> { typedef float Floats __attribute__((vector_size(64), aligned(4), may_alias)); };

// As many rows and registers of c as a processor holds at a time.
template <int lanes, int rows, int registers>
INLINE void productTile(const Product& of, int64_t row, int64_t column) {
  using Floats = typename Register<lanes>::Floats;
  Floats sums[rows][registers] = {};
  const float *a = of.a + row * of.aRow, *b = of.b + column;
  for (int64_t k = 0; k < of.depth; k++, a += of.aStep, b += of.bStride) {
    for (int i = 0; i < rows; i++) {
      for (int j = 0; j < registers; j++) sums[i][j] += a[i * of.aRow] * reinterpret_cast<const Floats*>(b)[j];
    }
  }
  for (int i = 0; i < rows; i++) {
    Floats* c = reinterpret_cast<Floats*>(of.c + (row + i) * of.cStride + column);
    for (int j = 0; j < registers; j++) c[j] = of.adds ? c[j] + sums[i][j] : sums[i][j];
  }
}

// The last rows are fewer.
template <int lanes, int rows, int registers>
INLINE void productColumns(const Product& of, int64_t row, int64_t column) {
  for (; row + rows <= of.rows; row += rows) productTile<lanes, rows, registers>(of, row, column);
  if constexpr (rows > 1) {
    if (row < of.rows) productColumns<lanes, rows / 2, registers>(of, row, column);
  }
}

template <int lanes, int rows, int registers>
INLINE void productAs(const Product& of) {
  int64_t column = 0;
  for (; column + registers * lanes <= of.columns; column += registers * lanes) productColumns<lanes, rows, registers>(of, 0, column);
  for (; column < of.columns; column += lanes) productColumns<lanes, rows, 1>(of, 0, column);
}

#if defined(__x86_64__) && defined(__linux__) && !defined(__clang__)
__attribute__((target("arch=x86-64-v4"))) void product(const Product& of) { productAs<16, 6, 4>(of); }
__attribute__((target("arch=x86-64-v3"))) void product(const Product& of) { productAs<8, 6, 2>(of); }
__attribute__((target("default"))) void product(const Product& of) { productAs<4, 6, 2>(of); }
#else
void product(const Product& of) { productAs<4, 6, 4>(of); }
#endif

// e^(x − the largest) of a row, and their sum. There are `columns`, a multiple of 16; those beyond `length` become 0.
EACH_PROCESSOR float exponentials(float* __restrict x, int64_t length, int64_t columns) {
  for (int64_t i = length; i < columns; i++) x[i] = -INFINITY;
  float largest[16], sums[16] = {};
  std::copy_n(x, 16, largest);
  for (int64_t i = 16; i < columns; i += 16) {
    for (int k = 0; k < 16; k++) largest[k] = x[i + k] > largest[k] ? x[i + k] : largest[k];
  }
  const float pivot = *std::max_element(largest, largest + 16);
  for (int64_t i = 0; i < columns; i++) x[i] = exponential(x[i] - pivot);
  for (int64_t i = length; i < columns; i++) x[i] = 0;
  for (int64_t i = 0; i < columns; i += 16) {
    for (int k = 0; k < 16; k++) sums[k] += x[i + k];
  }
  float sum = 0;
  for (const float each : sums) sum += each;
  return sum;
}

EACH_PROCESSOR void multiplied(float* __restrict x, int64_t length, float factor) {
  for (int64_t i = 0; i < length; i++) x[i] *= factor;
}

// That of a softmax: shares · (dShares − Σ shares · dShares), the sum being known.
EACH_PROCESSOR void softmaxGradient(const float* __restrict shares, float along, int64_t length, float* __restrict gradient) {
  for (int64_t i = 0; i < length; i++) gradient[i] = shares[i] * (gradient[i] - along);
}

// Heads lie side by side in rows of tokens: each is put apart, with room for whole registers, and back.
struct Heads {
  int64_t heads, width, size, columns;
  Heads(int64_t heads, int64_t width) : heads(heads), width(width), size(width / heads), columns(wholeRegisters(width / heads)) {}

  static int64_t wholeRegisters(int64_t length) { return (length + 15) / 16 * 16; }
  // `rows`: [tokens, columns]; what is beyond the size stays 0.
  void take(const Tensor& x, int64_t tokens, int64_t sample, int64_t head, std::vector<float>& rows, float factor = 1) const {
    for (int64_t i = 0; i < tokens; i++) {
      const float* from = x.data() + at(tokens, sample, head, i);
      for (int64_t j = 0; j < size; j++) rows[i * columns + j] = from[j] * factor;
    }
  }
  // `turned`: [size, wide].
  void turn(const std::vector<float>& rows, int64_t tokens, int64_t wide, std::vector<float>& turned) const {
    for (int64_t i = 0; i < tokens; i++) {
      for (int64_t j = 0; j < size; j++) turned[j * wide + i] = rows[i * columns + j];
    }
  }
  void put(const float* rows, int64_t first, int64_t count, Tensor& x, int64_t tokens, int64_t sample, int64_t head, float factor = 1) const {
    for (int64_t i = 0; i < count; i++) {
      float* to = x.data() + at(tokens, sample, head, first + i);
      for (int64_t j = 0; j < size; j++) to[j] = rows[i * columns + j] * factor;
    }
  }

 private:
  int64_t at(int64_t tokens, int64_t sample, int64_t head, int64_t token) const { return (sample * tokens + token) * width + head * size; }
};

// Softmax attention, a head of a sample at a time and of that so many queries that all between stays in the cache.
// q, k, v: [batch, tokens, heads · size]; k and v have tokens of their own number.
struct Attention {
  int64_t heads;
  explicit Attention(Attributes attributes) : heads(attributes.integer("heads")) {}
  static constexpr int64_t queriesAtOnce = 96;

  // Calls `worker(eachHead)` on each thread: it makes its buffers, then eachHead(work) calls work(sample, head).
  template <typename Worker>
  void overHeads(int64_t samples, Worker worker) const {
    Pool::shared().run(samples * heads, 1, [&](Pool::Chunks& chunks) {
      worker([&](auto work) {
        for (int64_t unit, last; chunks.next(unit, last);) work(unit / heads, unit % heads);
      });
    });
  }

  // The shares of `count` queries, before they are divided by their sums.
  static void shares(const Heads& of, const float* q, const std::vector<float>& turnedKeys, int64_t count, int64_t keys, int64_t wide, float* shares, float* sums) {
    product({q, turnedKeys.data(), shares, count, wide, of.size, of.columns, 1, wide, wide, false});
    for (int64_t i = 0; i < count; i++) sums[i] = exponentials(shares + i * wide, keys, wide);
  }
};

struct AttentionForward : Attention {
  using Attention::Attention;
  // q, k, v → y.
  void compute(Call& call) const {
    const Tensor q = call.input(0), k = call.input(1), v = call.input(2);
    const auto shape = q.shape();
    const int64_t queries = shape[1], keys = k.shape()[1], wide = Heads::wholeRegisters(keys), atOnce = std::min(queries, queriesAtOnce);
    const Heads of(heads, shape[2]);
    const float scale = float(1 / std::sqrt(double(of.size)));
    Tensor y = call.outputLike(0, q);
    if (call.failed()) return;
    overHeads(shape[0], [&](auto eachHead) {
      std::vector<float> mine(queries * of.columns), theirs(keys * of.columns), values(keys * of.columns), turnedKeys(of.size * wide);
      std::vector<float> scores(atOnce * wide), sums(atOnce), out(atOnce * of.columns);
      eachHead([&](int64_t sample, int64_t head) {
        of.take(q, queries, sample, head, mine, scale);
        of.take(k, keys, sample, head, theirs);
        of.take(v, keys, sample, head, values);
        of.turn(theirs, keys, wide, turnedKeys);
        for (int64_t first = 0; first < queries; first += atOnce) {
          const int64_t count = std::min(atOnce, queries - first);
          shares(of, mine.data() + first * of.columns, turnedKeys, count, keys, wide, scores.data(), sums.data());
          product({scores.data(), values.data(), out.data(), count, of.columns, keys, wide, 1, of.columns, of.columns, false});
          for (int64_t i = 0; i < count; i++) multiplied(out.data() + i * of.columns, of.columns, 1 / sums[i]);
          of.put(out.data(), first, count, y, queries, sample, head);
        }
      });
    });
  }
};

// The shares are computed again. Σ shares · dShares of a query is y · dy (Dao et al. 2022, arXiv:2205.14135, appendix B.2).
struct AttentionGradient : Attention {
  using Attention::Attention;
  // dy, q, k, v, y → dq, dk, dv.
  void compute(Call& call) const {
    const Tensor dy = call.input(0), q = call.input(1), k = call.input(2), v = call.input(3), y = call.input(4);
    const auto shape = q.shape();
    const int64_t queries = shape[1], keys = k.shape()[1], wide = Heads::wholeRegisters(keys), atOnce = std::min(queries, queriesAtOnce);
    const Heads of(heads, shape[2]);
    const float scale = float(1 / std::sqrt(double(of.size)));
    Tensor dq = call.outputLike(0, q), dk = call.outputLike(1, k), dv = call.outputLike(2, v);
    if (call.failed()) return;
    overHeads(shape[0], [&](auto eachHead) {
      std::vector<float> mine(queries * of.columns), theirs(keys * of.columns), values(keys * of.columns), out(queries * of.columns), dOut(queries * of.columns);
      std::vector<float> turnedKeys(of.size * wide), turnedValues(of.size * wide), scores(atOnce * wide), sums(atOnce);
      std::vector<float> dScores(atOnce * wide), dMine(atOnce * of.columns), dTheirs(keys * of.columns), dValues(keys * of.columns);
      eachHead([&](int64_t sample, int64_t head) {
        of.take(q, queries, sample, head, mine, scale);
        of.take(k, keys, sample, head, theirs);
        of.take(v, keys, sample, head, values);
        of.take(y, queries, sample, head, out);
        of.take(dy, queries, sample, head, dOut);
        of.turn(theirs, keys, wide, turnedKeys);
        of.turn(values, keys, wide, turnedValues);
        for (int64_t first = 0; first < queries; first += atOnce) {
          const int64_t count = std::min(atOnce, queries - first), from = first * of.columns;
          const bool adds = first > 0;
          shares(of, mine.data() + from, turnedKeys, count, keys, wide, scores.data(), sums.data());
          product({dOut.data() + from, turnedValues.data(), dScores.data(), count, wide, of.size, of.columns, 1, wide, wide, false});
          for (int64_t i = 0; i < count; i++) {
            multiplied(scores.data() + i * wide, wide, 1 / sums[i]);
            const float along = dot(out.data() + from + i * of.columns, dOut.data() + from + i * of.columns, of.columns);
            softmaxGradient(scores.data() + i * wide, along, wide, dScores.data() + i * wide);
          }
          product({scores.data(), dOut.data() + from, dValues.data(), keys, of.columns, count, 1, wide, of.columns, of.columns, adds});
          product({dScores.data(), mine.data() + from, dTheirs.data(), keys, of.columns, count, 1, wide, of.columns, of.columns, adds});
          product({dScores.data(), theirs.data(), dMine.data(), count, of.columns, keys, wide, 1, of.columns, of.columns, false});
          of.put(dMine.data(), first, count, dq, queries, sample, head, scale);
        }
        of.put(dTheirs.data(), 0, keys, dk, keys, sample, head);
        of.put(dValues.data(), 0, keys, dv, keys, sample, head);
      });
    });
  }

 private:
  static float dot(const float* a, const float* b, int64_t length) {
    float sums[16] = {}, sum = 0;
    for (int64_t i = 0; i < length; i += 16) {
      for (int k = 0; k < 16; k++) sums[k] += a[i + k] * b[i + k];
    }
    for (const float each : sums) sum += each;
    return sum;
  }
};

// Σ mass · −log softmax(logits) of one row, in float64; gradient: softmax · (the row's mass) − mass.
INLINE double crossEntropyRow(const float* logits, const float* mass, int64_t classes, float* gradient) {
  const float largest = *std::max_element(logits, logits + classes);
  double sum = 0, total = 0;
  for (int64_t i = 0; i < classes; i++) {
    gradient[i] = std::exp(logits[i] - largest);
    sum += gradient[i];
    total += mass[i];
  }
  const double logarithm = std::log(sum);
  const float share = float(total / sum);
  double loss = 0;
  for (int64_t i = 0; i < classes; i++) {
    if (mass[i] != 0) loss += mass[i] * (logarithm - (logits[i] - largest));
    gradient[i] = gradient[i] * share - mass[i];
  }
  return loss;
}

struct CrossEntropy {
  explicit CrossEntropy(Attributes) {}
  // logits, mass [rows, classes] → the loss, and its gradient.
  void compute(Call& call) const {
    const Tensor logits = call.input(0), mass = call.input(1);
    const int64_t classes = logits.shape().back(), rows = logits.size() / std::max<int64_t>(1, classes);
    Tensor loss = call.output(0, {}), gradient = call.outputLike(1, logits);
    if (call.failed()) return;
    std::vector<double> losses(rows); // added up in their order, however many threads there are
    Pool::shared().run(rows, rowsAtOnce, [&](Pool::Chunks& chunks) {
      for (int64_t row, last; chunks.next(row, last);) {
        for (; row < last; row++) losses[row] = crossEntropyRow(logits.data() + row * classes, mass.data() + row * classes, classes, gradient.data() + row * classes);
      }
    });
    double total = 0;
    for (const double each : losses) total += each;
    *loss.data() = float(total);
  }
};

EACH_PROCESSOR void adamW(const float* __restrict value, const float* __restrict gradient, const float* __restrict mean, const float* __restrict square, const float* __restrict how,
                          int64_t length, float* __restrict newValue, float* __restrict newMean, float* __restrict newSquare) {
  const float keep = how[0], rate = how[1], share1 = how[2], share2 = how[3], epsilon = how[4];
  for (int64_t i = 0; i < length; i++) {
    const float g = gradient[i];
    const float m = mean[i] + (g - mean[i]) * share1, v = square[i] + (g * g - square[i]) * share2;
    newMean[i] = m;
    newSquare[i] = v;
    newValue[i] = value[i] * keep - rate * m / (std::sqrt(v) + epsilon);
  }
}

struct AdamW {
  explicit AdamW(Attributes) {}
  // value, gradient, mean, square, [keep, rate, share1, share2, epsilon] → value, mean, square.
  void compute(Call& call) const {
    const Tensor value = call.input(0), gradient = call.input(1), mean = call.input(2), square = call.input(3), how = call.input(4);
    Tensor newValue = call.outputLike(0, value), newMean = call.outputLike(1, value), newSquare = call.outputLike(2, value);
    if (call.failed()) return;
    Pool::shared().run(value.size(), valuesAtOnce, [&](Pool::Chunks& chunks) {
      for (int64_t from, to; chunks.next(from, to);) {
        adamW(value.data() + from, gradient.data() + from, mean.data() + from, square.data() + from, how.data(), to - from,
              newValue.data() + from, newMean.data() + from, newSquare.data() + from);
      }
    });
  }
};

static const bool registered =
    registerOp<BatchNormForward>("ThawBatchNorm", {"x", "scale", "shift", "mean", "variance"}, {"y", "batch_mean", "batch_variance"}, {"epsilon: float", "training: bool", "activation: int"}) &&
    registerOp<BatchNormGradient>("ThawBatchNormGrad", {"dy", "x", "scale", "shift", "mean", "variance"}, {"dx", "dscale", "dshift"}, {"epsilon: float", "training: bool", "activation: int"}) &&
    registerOp<DepthwiseFilterGradient>("ThawDepthwiseFilterGrad", {"x", "dy"}, {"dfilter"}, {"kernel: int", "stride: int", "top: int", "left: int"}) &&
    registerOp<LayerNorm>("ThawLayerNorm", {"x", "scale", "shift"}, {"y"}, {"epsilon: float"}) &&
    registerOp<LayerNormGradient>("ThawLayerNormGrad", {"dy", "x", "scale"}, {"dx", "dscale", "dshift"}, {"epsilon: float"}) &&
    registerOp<Gelu>("ThawGelu", {"x"}, {"y"}, {}) &&
    registerOp<GeluGradient>("ThawGeluGrad", {"dy", "x"}, {"dx"}, {}) &&
    registerOp<MaxPoolGradient>("ThawMaxPoolGrad", {"x", "y", "dy"}, {"dx"}, {"tall: int", "wide: int", "down: int", "across: int", "top: int", "left: int"}) &&
    registerOp<AttentionForward>("ThawAttention", {"q", "k", "v"}, {"y"}, {"heads: int"}) &&
    registerOp<AttentionGradient>("ThawAttentionGrad", {"dy", "q", "k", "v", "y"}, {"dq", "dk", "dv"}, {"heads: int"}) &&
    registerOp<CrossEntropy>("ThawCrossEntropy", {"logits", "mass"}, {"loss", "gradient"}, {}) &&
    registerOp<AdamW>("ThawAdamW", {"value", "gradient", "mean", "square", "how"}, {"new_value", "new_mean", "new_square"}, {});

}  // namespace thaw
