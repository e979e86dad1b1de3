#pragma once

/// The finished pictures of the program. Each function draws one PNG file and writes it in one go; on failure
/// it throws std::runtime_error naming the path and the reason. Empty data gives a picture that says so;
/// arguments that contradict each other give std::invalid_argument.

#include <cstddef>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "apps/plot/color.hpp"
#include "apps/plot/geometry.hpp"

namespace bijou::plot {

/// A stack of images with values from 0 to 1, row-major [n, h, w, c] with c = 1 (grey) or 3 (RGB).
struct Images {
  std::vector<double> pixels;
  std::size_t n = 0, h = 0, w = 0, c = 1;

  Images() = default;
  /// Copies from any container of numbers; throws std::invalid_argument if the sizes do not agree.
  template <typename Container>
  Images(const Container& values, std::size_t count, std::size_t height, std::size_t width, std::size_t channels = 1)
      : pixels(std::begin(values), std::end(values)), n{count}, h{height}, w{width}, c{channels} {
    check();
  }
  /// Throws std::invalid_argument if the number of pixels does not fit or c is neither 1 nor 3.
  void check() const;
};

/// How grey images are shown.
enum class Ink {
  dark,  ///< 1 is black ink on white paper: small pictures of handwriting read best this way
  light  ///< 1 is white on black
};

struct SheetStyle {
  std::size_t columns = 0;                ///< 0: chosen so that the sheet is about as wide as high
  std::string caption{};                  ///< above the sheet; long captions are set on several lines
  std::vector<std::string> row_labels{};  ///< to the left of the rows
  Ink ink = Ink::dark;                    ///< for grey images only
  int gap = 0;                            ///< pixels between the images; 0: by their size
};

/// A sheet of images, each enlarged by a whole factor without smoothing so that the sheet is about 900 pixels
/// wide. Values outside of 0..1 are clamped; pixels that are not a number are marked in orange.
void image_grid(const std::string& path, const Images& images, const SheetStyle& style = {});

struct PairsStyle {
  std::size_t columns = 0;    ///< pairs side by side; 0: at most 12
  std::string caption{};      ///< the largest error is added to it
  double error_factor = 0.0;  ///< 0: the power of ten that makes the largest error best visible
  Ink ink = Ink::dark;
};

/// Rows of real images, below them their reconstructions, and below those the absolute differences times a
/// stated factor. Both stacks must have the same shape (else std::invalid_argument).
void pairs_sheet(const std::string& path, const Images& originals, const Images& reconstructions,
                 const PairsStyle& style = {});

/// What a model fills in: rows of original images, below them the same images with their hidden pixels tinted, and
/// below those the images as filled in. `hidden` holds one value per pixel, [n, h, w], true where the pixel was
/// hidden. Row labels, if given, are three and take the place of the usual ones. Both stacks and `hidden` must agree
/// in shape (else std::invalid_argument).
void inpainting_sheet(const std::string& path, const Images& originals, const std::vector<bool>& hidden,
                      const Images& filled, const SheetStyle& style = {});

/// A curve of a training run.
struct Curve {
  enum class Kind { training, validation, reference };  ///< a reference is broad and pale, to be seen beneath another
  std::string label{};
  std::vector<double> x{};
  std::vector<double> y{};
  Kind kind = Kind::training;
};

/// A constant to compare with, drawn as a dashed line.
struct Baseline {
  std::string label{};
  double value = 0.0;
};

struct CurveStyle {
  std::string title{};
  std::string x_label = "epoch";
  std::string y_label = "bits per dimension";
  std::vector<Baseline> baselines{};
  bool integer_x = true;  ///< x counts epochs or steps
  bool mark_best = true;  ///< mark the lowest point of the validation curve
  bool log_y = false;     ///< y, also the baselines', is log10 of what the ticks shall show
};

/// Training and validation curves (lower is better) with baselines. The range of y follows the bulk of the
/// values, so that neither a wild first epoch nor a far baseline flattens the rest; what is cut off is said in a note,
/// a baseline beyond the frame beside it. (By logarithms none is beyond.)
void training_curve(const std::string& path, const std::vector<Curve>& curves, const CurveStyle& style = {});

/// A size at each of some depths, widths, numbers: positive, with x from left to right.
struct SizeCurve {
  std::string label{};
  std::vector<double> x{};
  std::vector<double> y{};
};

struct SizeStyle {
  std::string title{};
  std::string x_label{};
  std::string y_label{};
};

/// How sizes grow, by logarithmic scales: what doubles with x is a straight line, what stays is level. Each point
/// has its number, each curve its name at its end. Numbers that are not positive and finite, and vectors of different
/// lengths give std::invalid_argument.
void size_curves(const std::string& path, const std::vector<SizeCurve>& curves, const SizeStyle& style = {});

struct TriptychStyle {
  std::string title{};
  std::string titles[3] = {"data", "samples", "model density"};
  Range x{-4.0, 4.0};
  Range y{-4.0, 4.0};
};

/// Three square panels with the same axes: data points, samples, and the density on a grid over the same
/// ranges (row-major, ny rows of nx values, the first row at the lower end of y, each value for the centre of
/// its cell). Throws std::invalid_argument if the grid does not have nx * ny values.
void triptych(const std::string& path, const std::vector<Point>& data, const std::vector<Point>& samples,
              const std::vector<double>& density, std::size_t nx, std::size_t ny, const TriptychStyle& style = {});

using Polyline = std::vector<Point>;

/// A panel with points and a grid of lines that started out vertical or horizontal. Ranges that are not given
/// follow the points.
struct LatticePanel {
  std::string title{};
  std::vector<Point> points{};
  std::vector<Polyline> vertical{};
  std::vector<Polyline> horizontal{};
  Range x{};
  Range y{};
};

/// Two panels with the same points before and after a map. Point i has the same colour in both; without
/// colours given, it is coloured by its direction from the centre of the left panel's points.
struct LatticeRow {
  LatticePanel from{};
  LatticePanel to{};
  std::string arrow{};  ///< what is written above the arrow between the panels
  std::vector<Color> colors{};
};

/// How a flow bends space, as rows of two panels: straight grid and bent grid. Lines may be wild: they are
/// clipped to the panels and broken where they are not finite.
void lattice(const std::string& path, const std::vector<LatticeRow>& rows, const std::string& title = {});

/// A plane bent step by step: the frames from left to right, in several rows if there are more than five, with arrows
/// between them. Point i has the same colour in all frames; without colours given, by its direction in the first.
void film_strip(const std::string& path, const std::vector<LatticePanel>& frames, const std::vector<Color>& colors = {},
                const std::string& title = {});

/// A colour for each point by its direction from the centre of all points.
std::vector<Color> color_by_angle(const std::vector<Point>& points);

/// A one-dimensional map y = f(x), a density p of x, and what the map makes of it: q(y) = p(x) / |dy/dx|.
struct ChangeOfVariables {
  std::vector<double> x{}, p{};        ///< the density of the input on a grid, x increasing
  std::vector<double> y_of_x{};        ///< the map on that grid
  std::vector<double> y{}, q{};        ///< the density of the output on a grid of its own, y increasing
  std::vector<double> samples_y{};     ///< mapped samples, for the histogram
  std::string map_label{}, title{};    ///< the map's equation, and what stands above the picture
  std::vector<std::string> caption{};  ///< paragraphs below the picture
};

/// The map in a large panel, the density of x below it and that of y turned to its left, each sharing the map's
/// axis. Thin lines lead intervals of equal probability through the map: where it is steep, it spreads them. The
/// frames span the two grids. Vectors of different lengths, grids that do not increase, densities below 0 and
/// numbers that are not finite give std::invalid_argument.
void change_of_variables(const std::string& path, const ChangeOfVariables& picture);

struct SpectrumStyle {
  std::string title{};
  std::string x_label = "index";
  std::string y_label = "value";
  std::vector<std::string> caption{};  ///< paragraphs below the picture
};

/// Values in falling order. The scale is logarithmic if all values are positive and span more than a decade. A value
/// that is not finite gives std::invalid_argument.
void spectrum(const std::string& path, const std::vector<double>& values, const SpectrumStyle& style = {});

/// Latents of two dimensions, and the circles of 1, 2 and 3 deviations of their prior, of which draws are given. The
/// legend says how many points lie inside of each, beside how many of the draws do.
void latent_scatter(const std::string& path, const std::vector<Point>& points, const std::vector<Point>& prior,
                    const std::string& title = {});

struct Histogram {
  std::string label{};
  std::vector<double> values{};
};

struct HistogramStyle {
  std::string title{};
  std::string x_label{};
  std::vector<Baseline> marks{};  ///< places on the x axis, drawn as dashed lines, with their names in the legend
};

/// Densities of several sets of numbers by common bins. The outermost thousandth at either end is beyond the frame, and
/// what is far from the middle half of its set, or from the first set; the legend says how many are, if more.
void histograms(const std::string& path, const std::vector<Histogram>& sets, const HistogramStyle& style = {});

/// A receiver operating characteristic: the share of false alarms (x) and of true ones (y), from (0, 0) to (1, 1).
struct RocCurve {
  std::string label{};
  std::vector<Point> points{};
};

/// Several of them, and the diagonal of what guesses.
void roc_curves(const std::string& path, const std::vector<RocCurve>& curves, const std::string& title = {});

}  // namespace bijou::plot
