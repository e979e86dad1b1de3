// Tables: which columns, how they are read, what is said of values that repeat, and the noise that is added there.
#include "datasets/columns.hpp"
#include "tests/unit/datasets_helpers.hpp"

#include "apps/options.hpp"

using namespace bijou_tests;

namespace {

// 100 rows: a value of its own in each, one of four 0.25 apart, a label, and a count 0, 10, 30 of which 0 is common.
std::string measured() {
  std::string content = "size;grade;name;count\n";
  for (int i = 0; i < 100; ++i)
    content += text(i * 1.5 + 0.01 * (i * i % 7), ";", 0.25 * (i % 4), ";row ", i, ";",
                    i % 5   ? 0
                    : i % 2 ? 10
                            : 30,
                    "\n");
  return content;
}

DatasetOptions columns(const std::string& choice) {
  DatasetOptions options;
  options.columns = choice;
  return options;
}

}  // namespace

TEST_CASE("datasets: chosen columns of a table") {
  const Table t = parse_table(measured(), "t.csv", columns("count,1-2"));
  CHECK(t.columns == std::vector<std::string>{"count", "size", "grade"});
  CHECK(t.x.shape() == Shape{100, 3});
  CHECK(t.x.data()[3 * 7 + 2] == 0.75);
  CHECK(parse_table("3,x,1\n5,y,2\n", "t", columns("3,1")).x.data()[0] == 1);
  CHECK(parse_table("2;1\n5;6\n", "t", columns("1-2")).x.data()[0] == 2);
  // A name goes before a number: here column 2 is called 1.
  DatasetOptions named = columns("1,b");
  named.header = HeaderLine::yes;
  CHECK(parse_table("b,1\n5,6\n", "t", named).columns == std::vector<std::string>{"1", "b"});

  const auto refused = [](const std::string& choice, auto... parts) {
    REFUSES(UsageError, parse_table(measured(), "t.csv", columns(choice)), "--columns", parts...);
  };
  refused("size,weight", "t.csv has no column \"weight\"; it has 4: \"size\", \"grade\", \"name\", \"count\"");
  for (const char* wrong : {"0,1", "5", "1-5", "2-1", "1-", "-1", "1,,2", "1,2,", "1 2", "99999999999999999999"})
    refused(wrong, "has no column");
  refused("1,size", "column 1 (\"size\") is chosen twice");
  refused("2", "one column only");
  REFUSES(DataError, parse_table(measured(), "t.csv", columns("1,3")), "t.csv:2:", "column 3 (\"name\"): \"row 0\"",
          "leave it out by --columns");
}

TEST_CASE("datasets: a table's separator and header, as the options say") {
  const auto with = [](const std::string& separator, HeaderLine header) {
    DatasetOptions options;
    options.separator = separator;
    options.header = header;
    return options;
  };
  const auto found = HeaderLine::found;
  CHECK(parse_table("1|2\n3|4\n", "t", with("|", found)).x.shape() == Shape{2, 2});
  CHECK(parse_table("1\t2\n", "t", with("tab", found)).x.shape() == Shape{1, 2});
  CHECK(parse_table("1  2\n", "t", with("space", found)).x.shape() == Shape{1, 2});
  CHECK(parse_table("a;b,c;d\n1,2\n", "t", with(",", found)).columns[0] == "a;b");
  REFUSES(DataError, parse_table("1,2\n", "t", with(";", found)), "t:1: one column only (no ; in \"1,2\")");
  for (const char* wrong : {"ab", ".", "1", "-", "\n"})
    REFUSES(UsageError, parse_table("1,2\n", "t", with(wrong, found)), "--separator", "one character");

  CHECK(parse_table("1990,1991\n1,2\n", "t", with("", HeaderLine::yes)).columns[1] == "1991");
  CHECK(parse_table("1990,1991\n1,2\n", "t", with("", HeaderLine::no)).x.shape() == Shape{2, 2});
  REFUSES(DataError, parse_table("a,b\n1,2\n", "t", with("", HeaderLine::no)),
          "t:1:1: column 1: \"a\" is not a number");
  REFUSES(DataError, parse_table(std::string(70'000, ','), "t"), "70001 columns; at most 65536");
}

TEST_CASE("datasets: columns that repeat values are pointed out") {
  const Dataset d = load_table(measured(), "t.csv", columns("size,grade,count"));
  const std::vector<Repeats> repeats = repeated_values(d);
  REQUIRE(repeats.size() == 2);
  CHECK(repeats[0].column == 1);
  CHECK(repeats[0].distinct == 4);
  CHECK(repeats[0].commonest == 25);
  CHECK(repeats[0].gap == 0.25);
  CHECK(repeats[1].distinct == 3);
  CHECK(repeats[1].commonest == 80);
  CHECK(repeats[1].gap == 10);
  CHECK(check_columns(d) ==
        "t.csv: 2 of 3 columns repeat values (\"count\" has 3 distinct values in 100 rows, one of them 80 times; "
        "\"grade\" has 4 distinct values in 100 rows, one of them 25 times): a density can grow without limit there; "
        "--dequantise adds noise as wide as their smallest gaps");
  CHECK(check_columns(load_table(measured(), "t.csv", columns("size,count"))).starts_with("t.csv: 1 of 2 columns"));

  // One value in 5 % of the rows is enough, where all others are single; one in 4 % is not.
  const auto spikes = [](int of_hundred) {
    Dataset table;
    table.train.x = Tensor({400, 2});
    for (int i = 0; i < 800; ++i)
      table.train.x.mutable_data()[i] = static_cast<Real>(i % 2 == 0 && i / 2 < 4 * of_hundred ? -1 : i);
    return repeated_values(table).size();
  };
  CHECK(spikes(5) == 1);
  CHECK(spikes(4) == 0);

  // Gaps of rounding errors are no width, though the values are counted apart.
  Dataset rounded;
  rounded.train.x = Tensor::from({6, 2}, {1, 1, 1 + 0x1p-21, 2, 3, 3, 3, 4, 3, 5, 3, 6});
  const Repeats first = repeated_values(rounded).at(0);
  CHECK(first.gap == doctest::Approx(2).epsilon(1e-5));
  CHECK(first.distinct == 3);
  CHECK(first.commonest == 4);
}

TEST_CASE("datasets: dequantised columns of a table") {
  const auto load_noisy = [](const DatasetOptions& how) {
    Dataset table = load_table(measured(), "t.csv", how);
    add_table_noise(table, how);
    return table;
  };
  DatasetOptions options = columns("size,grade,count");
  const Dataset plain = load_table(measured(), "t.csv", options);
  options.dequantise = true;
  const Dataset noisy = load_noisy(options);
  CHECK(check_columns(noisy).empty());
  CHECK(noisy.noise_widths == std::vector<double>{0, 0.25, 10});
  std::set<Real> grades;
  double sum = 0;
  for (const auto part : {&Dataset::train, &Dataset::validation, &Dataset::test}) {
    const std::span<const Real> before = (plain.*part).x.data(), after = (noisy.*part).x.data();
    for (size_t i = 0; i < before.size(); i += 3) {
      CHECK(after[i] == before[i]);
      CHECK(std::floor(after[i + 1] / 0.25) * 0.25 == before[i + 1]);  // the value can be had back
      CHECK(after[i + 2] >= before[i + 2]);
      CHECK(after[i + 2] < before[i + 2] + 10);
      sum += static_cast<double>(after[i + 2] - before[i + 2]) / 10;
      grades.insert(after[i + 1]);
    }
  }
  CHECK(grades.size() == 100);
  CHECK(std::abs(sum / 100 - 0.5) < 0.1);  // 3.5 standard errors
  CHECK(equal(load_noisy(options).test.x, noisy.test.x));

  // The widths that a model was trained with go before those of the table.
  options.noise_widths = {0, 0, 100};
  const Dataset wide = load_noisy(options);
  CHECK(std::ranges::max(wide.train.x.data()) > 100);
  CHECK(wide.noise_widths == options.noise_widths);
  options.noise_widths = {1, 2};
  REFUSES(DataError, load_noisy(options), "has 3 columns", "trained with 2", "--columns");
  // A sum that would round up to the next value stays below it.
  const Tensor edge = add_uniform_noise(Tensor::full({5000, 1}, 0x1p24), {2}, 1, 0);
  CHECK(std::ranges::max(edge.data()) < 0x1p24 + 2);
}

TEST_CASE("datasets: options of tables are refused for other data") {
  const Folder folder;
  const std::string faces = folder.write("faces", idx(2051, {30, 2, 3}, 180)).string();
  for (const std::string& name : {std::string("digits"), std::string("moons"), faces}) {
    REFUSES(UsageError, load_dataset(name, columns("1,2")), "--columns is for tables, and", name.c_str());
    DatasetOptions options;
    options.separator = ";";
    REFUSES(UsageError, load_dataset(name, options), "--separator is for tables");
    options = {};
    options.header = HeaderLine::no;
    REFUSES(UsageError, load_dataset(name, options), "--header is for tables");
    options = {};
    options.dequantise = true;
    REFUSES(UsageError, load_dataset(name, options), "--dequantise is for tables");
  }
}

TEST_CASE("datasets: a checkpoint keeps the options of its data") {
  DataOptions options;
  options.data = "t.csv";
  options.columns = "size,grade,count";
  options.separator = ";";
  options.header = "yes";
  options.dequantise = true;
  const Folder folder;
  const std::string path = folder.write("t.csv", measured()).string();
  const Dataset data = load_dataset(path, dataset_options(options));
  const std::string json = data_options_to_json(options, data);
  CHECK(json == R"({"columns":"size,grade,count","separator":";","header":"yes","dequantise":[0.0,0.25,10.0]})");
  const DataOptions again = data_options_from_json(json, {}, "t");
  CHECK(again.noise_widths == std::vector<double>{0, 0.25, 10});
  CHECK(data_options_to_json(again, data) == json);
  CHECK(equal(load_dataset(path, dataset_options(again)).test.x, data.test.x));

  DataOptions given;  // what is given goes before what is kept
  given.columns = "1,2";
  CHECK(data_options_from_json(json, given, "t").columns == "1,2");
  CHECK(data_options_to_json({}, data) == "{}");
  CHECK_FALSE(data_options_from_json("", {}, "t").dequantise);
  CHECK(data_options_from_json(R"({"dequantise":true})", {}, "t").noise_widths.empty());  // as one would write it
  options.split_seed = 7;
  options.validation_fraction = 0.25;
  options.test_fraction = 0.5;
  const DataOptions cut = data_options_from_json(data_options_to_json(options, data), {}, "t");
  CHECK(cut.split_seed == 7u);
  CHECK(cut.validation_fraction == 0.25);
  CHECK(cut.test_fraction == 0.5);
  for (const char* wrong : {"{", "[]", R"({"columns":1})", R"({"dequantise":3})", R"({"test_fraction":1})",
                            R"({"split_seed":"a"})", R"({"seperator":";"})"})
    REFUSES(CheckpointError, data_options_from_json(wrong, {}, "run"), "run: what it says of the data's options");
}
