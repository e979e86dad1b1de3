// The report's pictures. Sheets of images are drawn pixel by pixel, and enlarged by the browser; plots are those that the
// other commands draw: what lies in the run folder is shown, what does not is drawn into a folder of its own.
#include "apps/html_charts.hpp"
#include "apps/jacobian.hpp"
#include "apps/model_pictures.hpp"
#include "apps/named_images.hpp"
#include "apps/output.hpp"
#include "apps/report.hpp"
#include "apps/plot/canvas.hpp"
#include "datasets/decode_picture.hpp"
#include "autograd/kernels/counters.hpp"
#include "flows/manifold.hpp"

#include <algorithm>
#include <cmath>

#include <unistd.h>

namespace bijou::inline BIJOU_SCALAR {
namespace {

namespace fs = std::filesystem;

// What the page may take: pictures of so many bytes; a section of so much work, some seconds of two cores.
constexpr size_t kEpochBytes = 70'000, kPlotBytes = 450'000, kLargePlotBytes = 700'000;
constexpr int64_t kSheetNumbers = 300'000;
constexpr double kMostFlops = 60e9;

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (fs::temp_directory_path() / "bijou-report-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr)
      fail<StorageError>(name, ": cannot be made; name a folder for temporary files in TMPDIR");
    path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  std::string file(const char* name) const { return (path_ / name).string(); }

 private:
  fs::path path_;
};

// Multiplications and additions for one example, from data to latents.
double flops_of(const ReportSource& source) {
  const Shape input = source.spec().input;
  Shape one{1};
  for (const int64_t d : input) one.append(d);
  const int64_t before = kernels::flops_done();
  source.model().log_prob(Variable(Tensor::full(one, static_cast<Real>(source.spec().levels / 2.0))));
  return static_cast<double>(std::max<int64_t>(1, kernels::flops_done() - before));
}

int64_t affordable(const ReportSource& source, int64_t wanted) {
  return std::clamp<int64_t>(static_cast<int64_t>(kMostFlops / flops_of(source)), 1, wanted);
}

// Images side by side, a pixel for each of theirs, and a line between them. Grey ones as ink on paper.
std::string sheet(const Tensor& x, int levels, int64_t columns) {
  const Shape s = x.shape();
  const int64_t n = s[0], h = s[1], w = s[2], c = s[3], rows = (n + columns - 1) / columns;
  plot::Canvas canvas(static_cast<int>(columns * (w + 1) + 1), static_cast<int>(rows * (h + 1) + 1), {226, 228, 233});
  std::vector<uint8_t> rgb(static_cast<size_t>(3 * h * w));
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t p = 0; p < h * w; ++p) {
      for (int64_t k = 0; k < 3; ++k) {
        const double v =
            std::floor(static_cast<double>(x.data()[(i * h * w + p) * c + (c == 1 ? 0 : k)])) / (levels - 1);
        const double level = std::isfinite(v) ? std::clamp(v, 0.0, 1.0) : 0;
        rgb[static_cast<size_t>(3 * p + k)] = static_cast<uint8_t>(std::lround(255 * (c == 1 ? 1 - level : level)));
      }
    }
    canvas.blit(rgb, static_cast<int>(w), static_cast<int>(h), static_cast<int>(i % columns * (w + 1) + 1),
                static_cast<int>(i / columns * (h + 1) + 1));
  }
  const auto bytes = canvas.png();
  return {bytes.begin(), bytes.end()};
}

// A sheet of `samples/` without the line of words above its images, which nobody can read when it is small.
std::string without_caption(const std::string& png, const std::string& name) {
  const Picture all = decode_picture(png, name);
  const auto row = static_cast<size_t>(all.width) * static_cast<size_t>(all.channels);
  const auto blank = [&](int y) {
    const auto* first = all.pixels.data() + static_cast<size_t>(y) * row;
    return std::all_of(first, first + row, [](uint8_t v) { return v == 255; });
  };
  int y = 0;
  for (const bool white : {true, false, true})  // the margin, the words, the gap
    while (y < all.height && blank(y) == white) ++y;
  if (y == 0 || y > all.height / 5) return png;  // no words, or not so
  Picture rest = all;
  rest.height -= y;
  rest.pixels.erase(rest.pixels.begin(),
                    rest.pixels.begin() + static_cast<std::ptrdiff_t>(static_cast<size_t>(y) * row));
  return html::png_of(std::move(rest));
}

std::string figure(const std::string& picture, const std::string& caption) {
  return "<figure>" + picture + html::element("figcaption", caption) + "</figure>\n";
}

std::string sheet_figure(const Tensor& x, int levels, int64_t columns, const std::string& caption) {
  const bool enlarged = columns * (x.shape()[2] + 1) < 450;
  return figure(
      html::picture(sheet(x, levels, columns), caption, enlarged ? html::Pixels::sharp : html::Pixels::smooth),
      caption);
}

// A plot, on its own white paper; wide ones can be pushed to and fro on a telephone.
enum class Shown { column, wide };
std::string plot_figure(const std::string& path, const std::string& caption, Shown shown, size_t most = kPlotBytes) {
  const std::string png = html::read_file(path);
  if (png.empty()) return "";
  return text("<figure class=\"plot", shown == Shown::wide ? " wide" : "", "\"><div>",
              html::picture(html::fitted(png, most, path), caption), "</div>", html::element("figcaption", caption),
              "</figure>\n");
}

std::string in_run(const ReportSource& source, const char* name) { return (fs::path(source.run) / name).string(); }

// A picture of the run folder; if it is not there, one that is drawn now.
std::string plot_of(const ReportSource& source, const char* name, const std::string& caption,
                    const std::function<void(const std::string&)>& draw) {
  std::string shown = plot_figure(in_run(source, name), caption, Shown::wide);
  if (!shown.empty()) return shown;
  const TemporaryFolder folder;
  writing([&] { draw(folder.file(name)); });
  return plot_figure(folder.file(name), caption, Shown::wide);
}

Tensor draw_of(const FlowModel& model, const Draw& draw) {
  std::vector<Tensor> all;
  for_each_sample(model, draw, [&](const Tensor& x) { all.push_back(x); });
  return math::concat(all, 0);
}

std::string sweep(const ReportSource& source, int64_t columns) {
  const double temperatures[] = {0, 0.25, 0.5, 0.6, 0.7, 0.8, 0.9, 1};
  std::vector<Tensor> rows;
  std::string labels;
  for (const double t : temperatures) {
    rows.push_back(draw_of(source.model(), {.count = columns, .temperature = t, .seed = source.seed}));
    labels += html::element("span", text(t));
  }
  const std::string caption = "The same latents at rising temperature";
  return "<figure><div class=\"labelled\"><div class=\"rows\">" + labels + "</div>" +
         html::picture(sheet(math::concat(rows, 0), source.spec().levels, columns), caption, html::Pixels::sharp) +
         "</div>" + html::element("figcaption", caption + ", from 0 to 1") + "</figure>\n";
}

std::string interpolation(const ReportSource& source, int64_t pairs, int64_t steps) {
  const Dataset& data = *source.data;
  pairs = std::min(pairs, data.test.size() / 2);
  if (pairs < 1 || steps < 3) return "";
  const Tensor z = encode_images(source.model(), data.test.rows(0, 2 * pairs), data.levels);
  std::vector<Tensor> path;
  for (int64_t i = 0; i < pairs; ++i) {
    for (int64_t k = 0; k < steps; ++k)
      path.push_back(latent_arc(z.rows(i, i + 1), z.rows(pairs + i, pairs + i + 1),
                                static_cast<double>(k) / static_cast<double>(steps - 1)));
  }
  return sheet_figure(decode_latents(source.model(), math::concat(path, 0)), data.levels, steps,
                      "Between test images, at the left and right ends, along their latents");
}

std::string latents(const ReportSource& source) {
  if (source.data == nullptr || source.data->test.size() == 0 || source.dimensions() < 2) return "";
  std::vector<int64_t> index(
      static_cast<size_t>(affordable(source, std::min<int64_t>(3000, source.data->test.size()))));
  for (size_t i = 0; i < index.size(); ++i) index[i] = static_cast<int64_t>(i);
  const TemporaryFolder folder;
  writing([&] {
    draw_latents(folder.file("latents.png"), source.model(), source.data->test.select(index), source.data->levels,
                 "the first two latents of test examples");
  });
  return plot_figure(folder.file("latents.png"),
                     "The first two latents of test examples, and the circles of 1, 2 and 3 deviations of their prior",
                     Shown::column, 200'000);
}

std::string of_images(const ReportSource& source) {
  const Shape image = source.spec().input;
  const int64_t numbers = image.numel(), fits = std::max<int64_t>(4, kSheetNumbers / numbers);
  const int64_t most = affordable(source, std::min<int64_t>(100, fits));
  const auto side = std::max<int64_t>(1, static_cast<int64_t>(std::sqrt(static_cast<double>(most))));
  const int64_t columns = std::clamp<int64_t>(most / 8, 1, 10), steps = std::clamp<int64_t>(most / 6, 1, 9);
  std::string body = "<div class=\"sheets\">\n";
  body += sheet_figure(draw_of(source.model(), {.count = side * side, .seed = source.seed}), source.spec().levels, side,
                       text(side * side, " samples, at temperature 1"));
  if (most >= 16) body += sweep(source, columns);
  if (source.data != nullptr) body += interpolation(source, 6, steps);
  body += plot_figure(in_run(source, "classes.png"), "Samples by class", Shown::column, 150'000);
  body += latents(source) + "</div>\n";
  if (side < 10)
    body += note(text("Fewer images than usual: sampling is slow at this size, or they are large. ", "bijou sample ",
                      source.run, " draws more."));
  const std::pair<const char*, const char*> more[] = {
      {"inpainting.png", "Test images, what the model sees of them, and what it fills in"},
      {"reconstructions.png", "Images, what comes back from their latents, and the difference"},
      {"spectrum.png", "The spectrum of S"}};
  for (const auto& [name, caption] : more) body += plot_figure(in_run(source, name), caption, Shown::wide, 250'000);
  return body;
}

// Of a table: each column of the data and of samples.
std::string of_columns(const ReportSource& source, const std::vector<std::string>& names) {
  constexpr int64_t kMostColumns = 24, kPoints = 4000;
  const Dataset& data = *source.data;
  const int64_t d = data.dimensions(), points = affordable(source, kPoints), shown = std::min(d, kMostColumns);
  const Tensor x = data.train.rows(0, std::min(points, data.train.size()));
  const Tensor samples = draw_of(source.model(), {.count = points, .seed = source.seed});
  std::string body =
      "<p class=\"legend\"><span class=\"key c\"><span>data, training part</span></span> <span class=\"key a\"><span>"
      "samples</span></span></p>\n<div class=\"columns\">\n";
  for (int64_t k = 0; k < shown; ++k) {
    const auto column = [&](const Tensor& t) {
      std::vector<double> values;
      for (int64_t i = 0; i < t.shape()[0]; ++i) values.push_back(static_cast<double>(t.data()[i * d + k]));
      return values;
    };
    const std::string name = k < std::ssize(names) ? names[static_cast<size_t>(k)] : text("column ", k + 1);
    body += "<div>" +
            html::histogram({{"data", "c", column(x)}, {"samples", "a", column(samples)}}, name, html::Size::small) +
            "</div>\n";
  }
  body += "</div>\n";
  if (shown < d) body += note(text("The first ", shown, " of ", d, " columns."));
  return body;
}

std::string of_vectors(const ReportSource& source) {
  if (source.data == nullptr) return note("Neither pictures nor histograms: " + source.data_missing + ".");
  const Dataset& data = *source.data;
  std::string body;
  if (source.plane() && data.columns.empty()) {
    body += plot_of(source, "density.png", "The data, samples, and the model's density",
                    [&](const std::string& path) { draw_triptych(path, source.model(), data, source.seed); });
    body += plot_of(source, "lattice.png", "What the flow makes of straight lines: from data to latents, and back",
                    [&](const std::string& path) { draw_lattice(path, source.model(), data, source.seed); });
  } else {
    body += of_columns(source, data.columns) + latents(source);
  }
  return body;
}

// How many dimensions the Jacobians are of: `bijou jacobian` takes a convolutional model to the smallest images.
double jacobian_flops(const ReportSource& source, int64_t& dimensions) {
  const Shape input = source.spec().input;
  dimensions = input.numel();
  const int scales = input.rank() == 3 ? scales_of(source.saved.config) : 0;
  double share = 1;
  if (scales > 0) {
    const int64_t side = std::max<int64_t>(8, int64_t{1} << scales);
    if (side <= input[0] && side <= input[1]) {
      share = static_cast<double>(side * side) / static_cast<double>(input[0] * input[1]);
      dimensions = side * side * input[2];
    }
  }
  return 3 * static_cast<double>(dimensions) * share * flops_of(source);  // forward and back, a copy for each row
}

}  // namespace

Section report_epochs(const ReportSource& source) {
  constexpr size_t kMost = 8;
  if (!source.images()) return {};
  std::vector<fs::path> files;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(fs::path(source.run) / "samples", error)) {
    if (entry.path().extension() == ".png" && entry.path().filename().string().starts_with("epoch-"))
      files.push_back(entry.path());
  }
  if (files.empty()) return {.id = {}, .title = {}, .body = note("There are no pictures in samples/.")};
  std::ranges::sort(files);
  const size_t shown = std::min(kMost, files.size());
  std::string body = "<p>The same latents again and again, as the model learns.</p>\n<div class=\"film" +
                     std::string(shown < 3                                ? " few"
                                 : shown == 3 || shown == 5 || shown == 6 ? " of-3"
                                                                          : "") +
                     "\">\n";
  for (size_t k = 0; k < shown; ++k) {
    const fs::path& path = files[shown == 1 ? 0 : k * (files.size() - 1) / (shown - 1)];
    const std::string stem = path.stem().string().substr(6);
    const std::string epoch = "epoch " + stem.substr(std::min(stem.find_first_not_of('0'), stem.size() - 1));
    body += figure(html::picture(html::fitted(without_caption(html::read_file(path.string()), path.string()),
                                              kEpochBytes, path.string()),
                                 "samples after " + epoch),
                   epoch);
  }
  body += "</div>\n";
  if (shown < files.size()) body += note(text(shown, " of ", files.size(), " sheets; all of them are in samples/."));
  return {.id = {}, .title = {}, .body = body};
}

Section report_samples(const ReportSource& source) {
  const char* const title = source.images() ? "Samples" : source.plane() ? "The plane" : "Data and samples";
  return {.id = {}, .title = title, .body = source.images() ? of_images(source) : of_vectors(source)};
}

Section report_jacobians(const ReportSource& source) {
  constexpr int64_t kMostDimensions = 256, kMostLines = 700;
  std::string body =
      "<p>The Jacobian of each layer, as it was trained, in the order of rows and columns that shows what its "
      "determinant rests on.</p>\n";
  int64_t dimensions = 0;
  const double flops = jacobian_flops(source, dimensions);
  const auto lines = std::ranges::count(source.model().summary(), '\n');
  if (dimensions > kMostDimensions || flops > kMostFlops || lines > kMostLines) {
    body += plot_figure(in_run(source, "jacobians.png"), "The layers' Jacobians, as bijou jacobian drew them",
                        Shown::wide, kLargePlotBytes);
    const std::string command = source.program() + " jacobian " + shell_quoted(source.run);
    body +=
        note(text("A sheet of ", dimensions, " dimensions takes a while, and is not drawn for this page; it is by:"));
    return {.id = {}, .title = {}, .body = body + "<pre><code>" + html::escaped(command) + "</code></pre>\n"};
  }
  const TemporaryFolder folder;
  JacobianOptions options;
  options.model = source.checkpoint;
  options.out = folder.file("jacobians.png");
  const auto files = jacobian_pictures(options);
  body += plot_figure(files.at(0), "The layers' Jacobians", Shown::wide, kLargePlotBytes);
  if (files.size() > 1)
    body += plot_figure(files[1], "The plane, layer by layer: from data to latents", Shown::wide, kLargePlotBytes);
  return {.id = {}, .title = {}, .body = body};
}

Section report_likelihoods(const ReportSource& source) {
  constexpr int64_t kMost = 5000;
  if (source.data == nullptr)
    return {.id = {}, .title = {}, .body = note("No likelihoods: " + source.data_missing + ".")};
  const Unit unit = source.unit();
  const Dataset& data = *source.data;
  const std::tuple<const char*, const char*, const Examples*> parts[] = {
      {"train", "b", &data.train}, {"validation", "c", &data.validation}, {"test", "a", &data.test}};
  const int64_t most = affordable(source, kMost);
  std::vector<html::Sample> samples;
  bool all = true;
  for (const auto& [name, colour, part] : parts) {
    if (part->size() == 0) continue;
    std::vector<int64_t> index(static_cast<size_t>(std::min(most, part->size())));
    for (size_t i = 0; i < index.size(); ++i) index[i] = static_cast<int64_t>(i);
    all = all && std::ssize(index) == part->size();
    html::Sample sample{name, colour, {}};
    for_each_block(part->select(index), data.levels, [&](const Tensor& x, int64_t) {
      for (const Real v : source.model().log_prob(x).value().data())
        sample.values.push_back(-static_cast<double>(v) * unit.per_nat);
    });
    samples.push_back(std::move(sample));
  }
  std::string body =
      "<p>Each example's -log p(x): where training and test part apart, the model has learnt by heart.</p>\n" +
      html::histogram(samples, "-log p(x), " + unit.name);
  if (!all) body += note(text("Of each part, the first ", html::grouped(most), " examples at most."));
  return {.id = {}, .title = {}, .body = body};
}

}  // namespace bijou
