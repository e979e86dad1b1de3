# Bijou's build. `make help` says what there is; nothing here needs a compiler before `deps` has run,
# so everything that asks the compiler is a lazy variable. All paths are relative: the folder that the project
# lies in may have any name.

.DEFAULT_GOAL := default
.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules

# All cores, unless -j says otherwise, or another make has already said it.
ifeq ($(MAKELEVEL),0)
  MAKEFLAGS += -j$(shell nproc 2>/dev/null || echo 2)
endif

define HELP
Bijou: normalizing flows from scratch, in C++20.

Run
  make train-nice        train NICE, RealNVP or Glow, on the built-in digits or on what the variables below choose
  make train-realnvp       (Glow on the digits: twice, the second time with a prior for each class,
  make train-glow          unless OUT or ARGS are given):
                           make train-realnvp DATA=moons
                           make train-realnvp DATA=moons EPOCHS=20 SEED=7 OUT="my runs/moons"
  make gradcheck         every gradient against finite differences, in double precision:
                           make gradcheck OP=matmul

  make results-toy       train the densities in the plane of the table of results (apps/results/README.md)
  make results-ROW       one of its rows, as nice-mnist; ARGS=--resume goes on

  make golden            train the presets whose curves come with the program, with three seeds each, and write
                           apps/golden/golden.csv anew (`bijou train --golden` compares with it)

  make data-mnist        download a data set from its official place into ./data, or into DATA_DIR, checked by SHA-256;
  make data-fashion-mnist  DATA_URL=... names another place that has its files
  make data-cifar10

Build
  make                   build the program, then print this
  make all               build everything: build/bijou, the libraries, the test programs
  make deps              look for what the build needs and install what is missing (by apt);
                         whatever compiles does this by itself
  make install           put the program, the library and its headers, for pkg-config and CMake, into PREFIX:
                           make install PREFIX="$$HOME/.local"
  make uninstall         take away what install put there
  make clean             remove build/

Test
  make test              all tests; the last line is the sum
  make mutate            break the code on purpose, line by line: do the tests notice?
                           make mutate MUTATION=slogdet
  make test-report       report.html of a tiny run of each model, in a browser without a head (chromium): is all of it
                         there, does it fit a desktop and a telephone? The screenshots go into build/report/
  make check-mutants     flip the sign of a layer's log-determinant: does `bijou check` name that layer?
  make kill-test         trainings killed at random moments and resumed end in the same bytes (RUNS=20 of each model)
  make same-bytes        50 steps of NICE, RealNVP and Glow on 1, 2 and 4 threads: the same checkpoint to the last
                         byte, and sooner on 2 threads than on 1
  make asan              unit tests and a short training under the address and undefined-behaviour sanitizers
  make fuzz              broken input for each reader of files, made up by libFuzzer under the same sanitizers:
                           make fuzz FORMAT=npz SECONDS=600

Measure
  make bench             what a training step costs here, beside what the machine can do: a table;
                         and what Glow keeps in memory as it gets deeper
                           make bench ARGS='--only W4'
  make bench-peers       Bijou and PyTorch in turn, the same model, weights and batch; PyTorch goes into
                         build/peers-venv
                           make bench-peers ARGS='--only W4 --quick'
  make bench-anomaly     anomalies in three tables, found by Bijou and by scikit-learn, which goes into
                         build/anomaly-venv; the sets are looked for in DATA_DIR, or in $$BIJOU_DATA_DIR
                           make bench-anomaly DATA_DIR=data ARGS='--sets shuttle --seeds 1 --out build/try'

Read
  make format            lay out the sources by clang-format
  make format-check      would `make format` change anything?
  make lint              what clang and clang-tidy say
  make check-deps        who includes whom: kernels <- autograd <- nn <- flows <- apps
  make paper-map         the papers' equations: which line computes each, and which test proves it;
                         WRITE=1 puts the table into flows/README.md
  make count             lines by room

Variables
  DATA=digits, PRESET, EPOCHS, STEPS, BATCH_SIZE, LR, SEED, MEMORY, THREADS, OUT, DATA_DIR
                         for train-*: the program's options of these names
  ARGS                   for train-*, bench, bench-*: further options, as they are (ARGS=--help lists all)
  THREADS                for bench and bench-peers, too: the threads of both sides; default: all cores
  RUNS=20                for kill-test: of each model
  FORMAT, RUNS=1000000, SECONDS=600
                         for fuzz: one format; how many inputs, and for how long at most
  TORCH=torch==2.13.0    for bench-peers: what pip installs (a version without CUDA packages)
  SKLEARN=scikit-learn==1.7.2
                         for bench-anomaly: the same
  CHROMIUM               for test-report: the browser; default: chromium, chromium-browser or google-chrome
  OP                     for gradcheck: one operation
  MUTATION               for mutate: only those whose name contains this
  PREFIX=/usr/local      for install and uninstall: where to; an absolute path
  DESTDIR                for them, too: a folder that stands for / while a package is made
  MARCH=native           the processor that the kernels are compiled for (x86-64-v3, ...)
  CXX=g++, CXXFLAGS, CPPFLAGS, LDFLAGS, LDLIBS
                         the compiler, and what to add to its flags
  BLAS_DIR               an OpenBLAS of your own (its OpenMP flavour): BLAS_DIR/include, BLAS_DIR/lib
  V=1                    show the commands
endef

# A misspelled variable must not be swallowed: `EPOCH=3` would train for the default number of epochs.
KNOWN_VARIABLES := DATA PRESET EPOCHS STEPS BATCH_SIZE LR SEED MEMORY THREADS OUT DATA_DIR DATA_URL ARGS OP MUTATION \
                   RUNS FORMAT SECONDS TORCH SKLEARN MARCH CXX CXXFLAGS CPPFLAGS LDFLAGS LDLIBS AR BLAS_DIR V WRITE CLANG CLANG_TIDY CLANG_FORMAT \
                   PREFIX DESTDIR CHROMIUM
UNKNOWN_VARIABLES := $(filter-out $(KNOWN_VARIABLES) SHELL MAKE MAKEFLAGS,$(foreach v,$(.VARIABLES), \
                       $(if $(findstring command line,$(origin $v)),$v)))
ifneq ($(UNKNOWN_VARIABLES),)
  $(error unknown variable $(strip $(UNKNOWN_VARIABLES)); the known ones are $(strip $(KNOWN_VARIABLES)))
endif

# ---- flags ----------------------------------------------------------------------------------------------------------

VERSION      := $(shell sed -n 's/.*version = "\(.*\)";/\1/p' autograd/version.hpp)
DATA         ?= digits
PREFIX       ?= /usr/local
MARCH        ?= native
TORCH        ?= torch==2.13.0
SKLEARN      ?= scikit-learn==1.7.2
CLANG        ?= clang++-14
CLANG_TIDY   ?= clang-tidy-14
CLANG_FORMAT ?= clang-format-14

COMMON_FLAGS := -std=c++20 -g1 -fopenmp -Wall -Wextra -I.
# Only kernels may use what this processor has; they never read errno or the floating-point exceptions.
# There is no -ffast-math: NaNs must stay visible.
KERNEL_FLAGS  = -O3 -march=$(MARCH) -fno-math-errno -fno-trapping-math $(BLAS_CFLAGS)
OTHER_FLAGS  := -O2
TEST_FLAGS   := -O1
ASAN_FLAGS   := -O1 -fsanitize=address,undefined -fno-omit-frame-pointer -fno-sanitize-recover=undefined

f32_FLAGS    :=
f64_FLAGS    := -DBIJOU_DOUBLE
asan_FLAGS   := $(ASAN_FLAGS)

# The flags by the room that a source stands in.
FAST         := autograd/kernels/% apps/bench/machine_speed.cpp
room_flags    = $(if $(filter $(FAST),$1),$(KERNEL_FLAGS),$(if $(filter tests/%,$1),$(TEST_FLAGS),$(OTHER_FLAGS)))
compile       = $(CXX) $(COMMON_FLAGS) $(call room_flags,$2) $($1_FLAGS) $(CPPFLAGS) $(CXXFLAGS)
link          = $(CXX) -fopenmp $(if $(findstring -asan,$@),$(asan_FLAGS)) $(LDFLAGS) -o $@ \
                  $(filter %.o,$^) $(filter %.a,$^) $(BLAS_LIBS) -lz $(LDLIBS)

# Asked once, and not before a recipe needs it: on a bare machine the compiler comes with `deps`. What is predefined
# tells which processor "native" is: a build folder may be carried to another one.
once          = $(eval $1 := $(shell $2))$($1)
BLAS_CFLAGS   = $(call once,BLAS_CFLAGS,$(OPENBLAS) cflags)
BLAS_LIBS     = $(call once,BLAS_LIBS,$(OPENBLAS) libs)
COMPILER      = $(call once,COMPILER,{ $(CXX) --version | head -n 1; $(CXX) $(PREDEFINED) | cksum; } 2>&1)
PREDEFINED    = -march=$(MARCH) -dM -E -x c++ - </dev/null
OPENBLAS      = CXX=$(call quote,$(CXX)) BLAS_DIR=$(call quote,$(BLAS_DIR)) bash .make/openblas.sh

# ---- sources --------------------------------------------------------------------------------------------------------

LIBRARY := $(foreach room,autograd autograd/kernels nn flows flows/import datasets,$(sort $(wildcard $(room)/*.cpp)))
PROGRAM := $(sort $(wildcard apps/*.cpp apps/plot/*.cpp))
INSPECT := $(sort $(wildcard apps/inspect/*.cpp))
BENCH   := $(sort $(wildcard apps/bench/*.cpp apps/plot/*.cpp) $(addprefix apps/,config.cpp data_options.cpp fit.cpp presets.cpp \
             training_step.cpp))
LAWS    := $(sort $(wildcard tests/laws/*.cpp))
TABLES  := $(sort $(wildcard tests/tables/*.cpp))
UNIT    := $(sort $(wildcard tests/unit/*.cpp) tests/fuzz/corpus_test.cpp tests/fuzz/format.cpp \
             $(wildcard tests/fuzz/formats/*.cpp))
SOURCES := $(LIBRARY) $(PROGRAM) $(INSPECT) $(BENCH) tests/main.cpp $(LAWS) $(TABLES) $(UNIT) tests/fuzz/libfuzzer.cpp

objects       = $(patsubst %.cpp,build/$1/%.o,$2)
unit_objects  = $(call objects,$1,tests/main.cpp $(UNIT) $(TABLES) $(filter-out apps/main.cpp,$(PROGRAM)) $(INSPECT) \
                  apps/bench/memory.cpp)
# `bijou check` and `bijou jacobian` compute in double: apps/inspect is compiled for both scalars, and both builds of
# the library are linked.
DOUBLE       := $(call objects,f64,$(INSPECT)) build/f64/libbijou.a
LAWS_OBJECTS := $(call objects,f32,tests/main.cpp $(TABLES)) $(call objects,f64,$(LAWS) $(TABLES))

# ---- building -------------------------------------------------------------------------------------------------------

MODELS := nice realnvp glow
SETS   := mnist fashion-mnist cifar10

ROWS   := $(patsubst apps/results/rows/%.json,%,$(sort $(wildcard apps/results/rows/*.json)))

.PHONY: default all help deps install uninstall clean FORCE $(MODELS:%=train-%) results-toy golden $(ROWS:%=results-%) $(SETS:%=data-%) gradcheck test mutate check-mutants \
        same-bytes kill-test test-report asan fuzz \
        bench bench-peers bench-anomaly \
        format format-check lint check-deps count paper-map lint-tools format-tools fuzz-tools

default: build/bijou
	$(info $(HELP))@:

help:
	$(info $(HELP))@:

all: build/bijou build/bijou-bench build/test-laws build/test-unit

deps:
	@CXX=$(call quote,$(CXX)) BLAS_DIR=$(call quote,$(BLAS_DIR)) bash .make/deps.sh build

build/bijou: $(call objects,f32,$(PROGRAM) $(INSPECT)) build/f32/libbijou.a $(DOUBLE)
build/test-laws: $(LAWS_OBJECTS) build/f64/libbijou.a build/f32/libbijou.a
build/test-unit: $(call unit_objects,f32) build/f32/libbijou.a $(DOUBLE)
build/bijou-asan: $(call objects,asan,$(PROGRAM) $(INSPECT)) build/asan/libbijou.a $(DOUBLE)
build/test-unit-asan: $(call unit_objects,asan) build/asan/libbijou.a $(DOUBLE)

build/bijou-bench: $(call objects,f32,$(BENCH)) build/f32/libbijou.a

build/bijou build/bijou-bench build/bijou-bench-f64 build/test-laws build/test-unit build/bijou-asan build/test-unit-asan: build/sources
	$(call say,link  $@)
	$(Q)$(link)

# In double: `steps` without the rounding that grows in float (apps/results/README.md, "Equality with PyTorch").
build/bijou-bench-f64: $(call objects,f64,$(BENCH)) build/f64/libbijou.a

# A scalar build is a folder: build/f32, build/f64 and build/asan (f32 under the sanitizers).
define scalar_build
build/$1/%.o: %.cpp build/$1/flags
	$$(call say,$1   $$<)
	@mkdir -p $$(@D)
	$$(Q)$$(call compile,$1,$$<) -MMD -MP -c $$< -o $$@

build/$1/libbijou.a: $$(call objects,$1,$$(LIBRARY)) build/sources
	$$(call say,ar    $$@)
	@rm -f $$@
	$$(Q)$$(AR) rcs $$@ $$(filter %.o,$$^)

build/$1/flags: FORCE | deps
	@$$(call if_changed,$$(COMPILER) $$(call compile,$1,any) $$(KERNEL_FLAGS) $$(TEST_FLAGS) \
	                    $$(LDFLAGS) $$(BLAS_LIBS) $$(LDLIBS))

# These are assembled in (.incbin), which -MMD does not see.
build/$1/datasets/digits.o: datasets/digits/digits.csv.gz
build/$1/apps/golden.o: apps/golden/golden.csv

-include $$(wildcard $$(patsubst %.o,%.d,$$(call objects,$1,$$(SOURCES))))
endef
$(foreach build,f32 f64 asan,$(eval $(call scalar_build,$(build))))

# What was built with other flags, or from a source that is gone, is out of date: these two files are written
# only when what they say changes.
build/sources: FORCE
	@$(call if_changed,$(SOURCES))

if_changed = mkdir -p $(@D); printf '%s\n' $(call quote,$1) >$@.$$$$; \
             if cmp -s $@.$$$$ $@; then rm $@.$$$$; else mv $@.$$$$ $@; fi

quote = '$(subst ','\'',$1)'
Q     = $(if $(V),,@)
say   = @$(if $(V)$(findstring s,$(firstword -$(MAKEFLAGS))),:,echo '$1')

# ---- installing -----------------------------------------------------------------------------------------------------

INSTALL = CXX=$(call quote,$(CXX)) BLAS_DIR=$(call quote,$(BLAS_DIR)) VERSION=$(VERSION) \
          PREFIX=$(call quote,$(value PREFIX)) DESTDIR=$(call quote,$(value DESTDIR)) bash .make/install.sh

install: build/bijou build/f32/libbijou.a
	@$(INSTALL) install

uninstall:
	@$(INSTALL) uninstall

# ---- running --------------------------------------------------------------------------------------------------------

# A variable becomes an option only when it is given; its value reaches the program as it is, spaces and all.
option = $(if $(value $2), $1 $(call quote,$(value $2)))
TRAIN_OPTIONS = $(call option,--data,DATA)$(call option,--preset,PRESET)$(call option,--epochs,EPOCHS)$(call \
    option,--steps,STEPS)$(call option,--batch-size,BATCH_SIZE)$(call option,--lr,LR)$(call option,--seed,SEED)$(call \
    option,--memory,MEMORY)$(call option,--threads,THREADS)$(call option,--out,OUT)$(call \
    option,--data-dir,DATA_DIR)

$(MODELS:%=train-%): train-%: build/bijou
	build/bijou train $*$(TRAIN_OPTIONS)$(if $(ARGS), $(ARGS))
	$(call class_conditional,$*)

$(SETS:%=data-%): data-%:
	@DATA_URL=$(call quote,$(value DATA_URL)) bash .make/data.sh $* $(call quote,$(or $(value DATA_DIR),data))

# Glow on the digits, once more with a prior for each class.
class_conditional = $(if $(and $(filter glow,$1),$(filter digits,$(DATA)),$(if $(OUT)$(ARGS),,yes)),build/bijou \
    train glow --class-conditional --out runs/glow-digits-classes$(TRAIN_OPTIONS))

$(ROWS:%=results-%): results-%: build/bijou
	$(own_choice)@TORCH=$(call quote,$(TORCH)) $(AS_ANYBODY) bash .make/results.sh $* $(ARGS)
$(filter %-steps,$(ROWS:%=results-%)): build/bijou-bench
$(filter %-steps-double,$(ROWS:%=results-%)): build/bijou-bench-f64

results-toy: build/bijou
	$(own_choice)@for row in $(filter toy-%,$(ROWS)); do $(AS_ANYBODY) bash .make/results.sh $$row $(ARGS) || exit; done

golden: build/bijou
	$(own_choice)@$(AS_ANYBODY) bash .make/golden.sh

gradcheck: build/test-laws
	@bash .make/gradcheck.sh $(call quote,$(OP))

# ---- testing --------------------------------------------------------------------------------------------------------

test: all
	@bash tests/run.sh

mutate: all
	@MUTATION=$(call quote,$(MUTATION)) bash tests/mutate.sh

check-mutants: build/bijou
	@bash tests/check_mutants.sh

kill-test: build/bijou
	@RUNS=$(call quote,$(RUNS)) bash tests/kill_test.sh

test-report: build/bijou
	@CHROMIUM=$(call quote,$(CHROMIUM)) bash tests/test_report.sh

same-bytes: build/bijou-bench
	@bash tests/same_bytes.sh

asan: build/test-unit-asan build/bijou-asan
	build/test-unit-asan
	@out=$$(mktemp -d) && trap 'rm -rf "$$out"' EXIT && \
	set -x && build/bijou-asan train realnvp --data digits --steps 20 --out "$$out/run"

# One program for each format, of clang and without OpenMP.
FUZZ_FLAGS    = $(filter-out -fopenmp,$(COMMON_FLAGS)) $(ASAN_FLAGS) -fsanitize=fuzzer-no-link -Wno-unknown-pragmas \
                $(BLAS_CFLAGS) -idirafter .make/lint $(CPPFLAGS)
FUZZED       := $(patsubst tests/fuzz/formats/%.cpp,build/fuzz/fuzz-%,$(wildcard tests/fuzz/formats/*.cpp))
FUZZ_COMMON  := $(call objects,fuzz,tests/fuzz/libfuzzer.cpp tests/fuzz/format.cpp \
                  apps/config.cpp apps/data_options.cpp $(LIBRARY))

fuzz: $(if $(FORMAT),$(or $(filter build/fuzz/fuzz-$(FORMAT),$(FUZZED)),$(error fuzz: no format $(FORMAT); there are \
        $(FUZZED:build/fuzz/fuzz-%=%))),$(FUZZED))
	@RUNS=$(call quote,$(RUNS)) LIMIT=$(call quote,$(value SECONDS)) bash tests/fuzz/run.sh $(^:build/fuzz/fuzz-%=%)

$(FUZZED): build/fuzz/fuzz-%: build/fuzz/tests/fuzz/formats/%.o $(FUZZ_COMMON)
	$(call say,link  $@)
	$(Q)$(CLANG) $(ASAN_FLAGS) -fsanitize=fuzzer $(LDFLAGS) -o $@ $^ $(BLAS_LIBS) -lgomp -lz $(LDLIBS)

build/fuzz/%.o: %.cpp build/fuzz/flags
	$(call say,fuzz  $<)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(FUZZ_FLAGS) $(if $(filter $(FAST),$<),-march=$(MARCH)) -MMD -MP -c $< -o $@

build/fuzz/flags: FORCE | fuzz-tools
	@$(call if_changed,$(CLANG) $(FUZZ_FLAGS))

-include $(wildcard $(patsubst %.o,%.d,$(FUZZ_COMMON)) $(FUZZED:build/fuzz/fuzz-%=build/fuzz/tests/fuzz/formats/%.d))

# ---- measuring ------------------------------------------------------------------------------------------------------

# As anybody would run it: OpenBLAS chooses its kernels and block sizes by itself.
AS_ANYBODY = env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE $(if $(THREADS),OMP_NUM_THREADS=$(call quote,$(THREADS)))
own_choice = $(if $(OPENBLAS_CORETYPE)$(OPENBLAS_L2_SIZE),$(info bench: the environment's OPENBLAS_CORETYPE and \
               OPENBLAS_L2_SIZE are not used: the BLAS chooses its kernels by itself))

bench: build/bijou-bench
	$(own_choice)$(Q)$(AS_ANYBODY) build/bijou-bench table $(ARGS)
	$(if $(ARGS),,$(Q)$(AS_ANYBODY) build/bijou-bench memory --out build/memory.png)

bench-peers: build/bijou-bench
	$(own_choice)$(Q)python=$$(TORCH=$(call quote,$(TORCH)) bash .make/peers.sh build/peers-venv) && \
	$(AS_ANYBODY) "$$python" apps/bench/peers/run.py $(ARGS)

bench-anomaly: build/bijou
	$(own_choice)$(Q)python=$$(SKLEARN=$(call quote,$(SKLEARN)) bash .make/peers.sh build/anomaly-venv sklearn) && \
	$(AS_ANYBODY) "$$python" -B apps/bench/peers/anomaly.py$(call option,--data-dir,DATA_DIR) $(ARGS)

# ---- reading --------------------------------------------------------------------------------------------------------

ROOMS     := autograd autograd/kernels nn flows flows/import datasets apps apps/bench apps/inspect apps/plot tests tests/laws tests/tables \
             tests/unit tests/fuzz tests/fuzz/formats tests/consumers
FORMATTED := $(sort $(foreach room,$(ROOMS),$(wildcard $(room)/*.hpp $(room)/*.cpp)))

format format-check: format-tools
	$(Q)$(CLANG_FORMAT) $(if $(filter format,$@),-i,--dry-run --Werror) $(FORMATTED)

# A second compiler's reading, without OpenMP.
LINT_FLAGS = $(filter-out -g1 -fopenmp,$(COMMON_FLAGS)) -Wno-unknown-pragmas -march=$(MARCH) \
             $(BLAS_CFLAGS) -idirafter .make/lint $(if $(filter tests/laws/%,$<),$(f64_FLAGS)) $(CPPFLAGS)
LINTED    := $(patsubst %.cpp,build/lint/%.ok,$(SOURCES))

lint: $(LINTED)
	@echo "lint: $(words $^) files, nothing to say"

build/lint/%.ok: %.cpp build/lint/flags .clang-tidy
	$(call say,lint  $<)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(LINT_FLAGS) -Werror -fsyntax-only -MMD -MP -MT $@ -MF build/lint/$*.d $<
	$(Q)$(CLANG_TIDY) --quiet $< -- $(LINT_FLAGS) 2>build/lint/$*.log || { cat build/lint/$*.log; exit 1; }
	@touch $@

build/lint/flags: FORCE | lint-tools
	@$(call if_changed,$(CLANG) $(CLANG_TIDY) $(LINT_FLAGS))

-include $(wildcard $(LINTED:.ok=.d))

lint-tools: deps
	@CLANG=$(call quote,$(CLANG)) CLANG_TIDY=$(call quote,$(CLANG_TIDY)) bash .make/deps.sh lint
fuzz-tools: deps
	@CLANG=$(call quote,$(CLANG)) bash .make/deps.sh fuzz
format-tools:
	@CLANG_FORMAT=$(call quote,$(CLANG_FORMAT)) bash .make/deps.sh format

check-deps:
	@bash tests/check_deps.sh

paper-map:
	@bash .make/paper_map.sh $(if $(WRITE),write)

count:
	@bash .make/count.sh

clean:
	rm -rf build
