# Every command of ws101; `make help` lists them. A fresh Debian 12 with git and make is enough: the first
# command installs the packages it needs (.ci/setup). The same sources are compiled into a few trees, each
# its own way: build/release (what users run), build/test (asserts on), build/sanitized, build/strict and
# build/clang (warnings are errors). A new source or test file needs no line here.

SHELL := /bin/bash
.DELETE_ON_ERROR:
.SUFFIXES:

# All cores unless -j says otherwise, and the output of one command stays together.
ifeq ($(MAKELEVEL),0)
MAKEFLAGS += -j$(shell nproc) --output-sync --no-print-directory --no-builtin-rules
endif
# `make clean all` does one after the other.
ifneq ($(filter clean,$(MAKECMDGOALS)),)
.NOTPARALLEL:
endif
DRY_RUN := $(findstring n,$(firstword -$(MAKEFLAGS)))
SILENT := $(findstring s,$(firstword -$(MAKEFLAGS)))

ifeq ($(origin CXX),default)
CXX := g++
endif
CLANG := 19
PYTHON := /usr/bin/python3

WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wold-style-cast -Wswitch-enum
# Turns a memory error that got past the tests into a crash.
HARDENING := -D_FORTIFY_SOURCE=2 -fstack-protector-strong

# The path of a message crosses four folders; compiled as one program it takes a fifth fewer instructions. Fat
# objects, so that libws101.a serves every linker.
WHOLE_PROGRAM := $(if $(findstring clang,$(CXX)),,-flto=auto -ffat-lto-objects)

build/release/%:   TREE_FLAGS = -O2 -DNDEBUG -fno-plt $(WHOLE_PROGRAM) $(HARDENING)
build/test/%:      TREE_FLAGS = -O1 -g1 -D_GLIBCXX_ASSERTIONS
build/sanitized/%: TREE_FLAGS = -O1 -g1 -D_GLIBCXX_ASSERTIONS -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize=vptr -fno-sanitize-recover=all
build/strict/%:    TREE_FLAGS = -O2 $(HARDENING) -Werror
build/clang/%:     TREE_FLAGS = -O0 -Werror
build/clang/%:     TREE_CXX = clang++-$(CLANG)
TREE_CXX = $(CXX)
TREES := release test sanitized strict clang

COMPILE = $(TREE_CXX) -std=c++20 -I. $(WARNINGS) $(LIBRARY_CFLAGS) $(TREE_FLAGS) $(CPPFLAGS) $(CXXFLAGS)
COMPILE_LLHTTP = $(TREE_CXX) -x c -DLLHTTP_STRICT_MODE=1 $(LIBRARY_CFLAGS) $(TREE_FLAGS) $(CPPFLAGS)
LINK = $(TREE_CXX) $(TREE_FLAGS) $(CXXFLAGS) $(LDFLAGS) -Wl,--as-needed,-z,relro,-z,now

# What a command prints of itself: one short line, or with V=1 all of it.
say = $(if $(V),,@$(if $(SILENT),,printf '%-8s %s\n' '$(1)' '$(2)';))

# ---- what there is to build --------------------------------------------------------------------------

FOLDERS := reactor http ws/protocol ws ws/app
SOURCES := $(wildcard $(FOLDERS:%=%/*.cpp))
MAIN := $(wildcard ws/app/main.cpp)
PROGRAM := $(MAIN:%=build/ws101)
TEST_SOURCES := $(filter-out %_fuzz.cpp,$(wildcard tests/*/*.cpp tests/*/*/*.cpp))
TEST_FOLDERS := $(patsubst tests/%/,%,$(sort $(dir $(filter %_test.cpp,$(TEST_SOURCES)))))
TEST_SCRIPTS := $(wildcard tests/*/*_test.py tests/*/*_test.mjs)
EVERY_FILE := $(sort $(wildcard $(foreach suffix,cpp hpp,$(FOLDERS:%=%/*.$(suffix)) bench/*.$(suffix) bench/*/*.$(suffix) \
  tests/*.$(suffix) tests/*/*.$(suffix) tests/*/*/*.$(suffix))))

objects = $(patsubst %.cpp,build/$(1)/objects/%.o,$(2))
llhttp = $(patsubst %.c,build/$(1)/objects/llhttp/%.o,$(notdir $(LLHTTP_SOURCES)))

# A test links only the folders that its own folder may include, so each layer is tested without the layers
# above it: that the tests of ws/protocol link shows that it needs no socket.
BELOW_reactor := reactor
BELOW_http := http reactor
BELOW_ws/protocol := ws/protocol
BELOW_ws := ws ws/protocol http reactor
below = $(or $(BELOW_$(1)),$(FOLDERS))
test_parts = $(wildcard tests/$(1)/*_test.cpp) $(filter-out $(MAIN) %_test.cpp %_fuzz.cpp,$(wildcard \
  tests/$(1)/*.cpp $(patsubst %,tests/%/*.cpp,$(call below,$(1))) $(patsubst %,%/*.cpp,$(call below,$(1)))))
test_binary = build/$(1)/tests/$(subst /,-,$(2))

# TESTS='http ws/protocol' builds and runs the tests of these folders alone.
CHOSEN_FOLDERS := $(if $(TESTS),$(filter $(TESTS),$(TEST_FOLDERS)),$(TEST_FOLDERS))
CHOSEN_SCRIPTS := $(if $(TESTS),$(filter $(TESTS:%=tests/%/%),$(TEST_SCRIPTS)),$(TEST_SCRIPTS))
# What says something of connections is held over TLS as well, x_test.py@tls, and compressed. Not so the programs that
# stand in README.md, nor costs, which bench-check looks at over TLS, nor what chooses its wires itself: tls_*,
# page_secure_*, and bench_test.py, a minute of mostly what that client reckons; WS101_WIRE=tls runs it all the same.
PLAIN_ALONE := $(addprefix tests/system/,cost_% readme_% tls_% page_secure_% bench_test.py)
COMPRESSED := $(addprefix tests/system/,broadcast_test.py chat_test.py chat_node_test.mjs connect_test.py endpoints_test.py node_ws_test.mjs shutdown_test.py)
OTHER_WIRES = $(patsubst %,%@tls,$(filter-out $(PLAIN_ALONE),$(filter tests/system/%,$(CHOSEN_SCRIPTS)))) \
  $(foreach wire,shared dedicated tls-shared,$(patsubst %,%@$(wire),$(filter $(COMPRESSED),$(CHOSEN_SCRIPTS)))) \
  $(foreach wire,tls shared dedicated,$(patsubst %,%@$(wire),$(filter %/conformance,$(call test_binaries,sanitized))))
test_binaries = $(foreach folder,$(CHOSEN_FOLDERS),$(call test_binary,$(1),$(folder)))
MICRO := $(wildcard bench/micro/*.cpp)
PEERS := $(patsubst bench/peers/%.cpp,build/bench/%,$(wildcard bench/peers/*.cpp)) build/bench/gorilla build/npm/node_ws.mjs
NPM := $(if $(filter %.mjs,$(CHOSEN_SCRIPTS)),$(patsubst %,build/npm/installed,$(wildcard tests/system/package-lock.json)))

# ---- the commands ------------------------------------------------------------------------------------

.PHONY: all run test check lint fmt cert clean help FORCE bench bench-peers bench-check
.DEFAULT_GOAL := all

all: build/release/libws101.a $(PROGRAM) ## Builds build/ws101, optimised. This is the default.

run: $(PROGRAM) ## Builds and runs `ws101 serve`; ARGS='--listen :9000' passes flags.
	+@$(if $(DRY_RUN),echo,exec) build/ws101 serve $(ARGS)

cert: build/cert/cert.pem ## Makes a certificate for trying out TLS at localhost, signed by itself.
	@echo "make run ARGS='--tls-listen :8443 --tls-cert build/cert/cert.pem --tls-key build/cert/key.pem'"

build/cert/cert.pem:
	$(call say,CERT,$@)
	@mkdir -p $(@D) && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 365 -subj /CN=localhost \
	  -addext subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1 -keyout $(@D)/key.pem -out $@ 2>$(@D)/log || \
	  { cat $(@D)/log >&2; exit 1; }

# `+`: the output is shown as it comes, and the commands inside share this make's -j.
run_tests = +@$(if $(DRY_RUN),echo) $(PYTHON) tests/run.py

test: ## Runs every test; TESTS='http ws' picks folders, FILTER='Hub*' picks names.
	$(run_tests) --tree test --program build/release/ws101 $(if $(FILTER),--filter '$(FILTER)') \
	  --build '$(MAKE) -k build/test/ready' $(NPM:%=--prepare '$(MAKE) -s %') $(call test_binaries,test) $(CHOSEN_SCRIPTS)

check: export ASAN_OPTIONS := detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=1:check_initialization_order=1
check: export UBSAN_OPTIONS := print_stacktrace=1:halt_on_error=1
check: ## Runs every test under the sanitizers, then all of `make lint` and `make bench-check`. Takes minutes.
	$(run_tests) --tree sanitized --program build/sanitized/ws101 --slow 5 $(if $(FILTER),--filter '$(FILTER)') \
	  --build '$(MAKE) -k build/sanitized/ready' $(NPM:%=--prepare '$(MAKE) -s %') $(call test_binaries,sanitized) $(CHOSEN_SCRIPTS) $(OTHER_WIRES) $(LINT) \
	  --step 'what it costs' '$(MAKE) bench-check'

lint: ## Checks format, house rules, clang-tidy on the product, and that both compilers give no warning.
	$(run_tests) tests/lint/house_test.py $(LINT)

LINT = tests/lint/house.py \
  --step 'format' 'clang-format-$(CLANG) --dry-run --Werror $(EVERY_FILE)' \
  --step 'g++ without warnings' '$(MAKE) -k build/strict/ready' \
  --step 'clang without warnings' '$(MAKE) -k build/clang/ready' \
  --step 'clang-tidy' '$(MAKE) -k build/tidy/ready'

bench: build/release/micro $(PROGRAM) build/bench/bare ## Measures the parts, then the server under load; under 3 minutes.
	+@$(if $(DRY_RUN),echo) $(PYTHON) bench/quick.py $(ARGS)

bench-peers: $(PROGRAM) $(PEERS) ## Measures all that people would pick instead, and writes build/bench/report.html.
	+@$(if $(DRY_RUN),echo) $(PYTHON) bench/run.py $(ARGS)

bench-check: $(PROGRAM) ## Compares what a message and a connection cost with bench/expected.json.
	+@$(if $(DRY_RUN),echo) $(PYTHON) bench/check.py $(ARGS)

fmt: ## Formats every C++ file as .clang-format says.
	@clang-format-$(CLANG) -i $(EVERY_FILE)

clean: ## Removes build/, all that was ever made here.
	rm -rf build

help: ## Lists these commands.
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1\t\2/p' Makefile | expand -t 20
	@echo "CXX=, CXXFLAGS=, CPPFLAGS= and LDFLAGS= are honoured; V=1 shows whole commands."

# ---- set-up ------------------------------------------------------------------------------------------

# The packages are a makefile that is included: make first brings it up to date (which installs what is
# missing and asks pkg-config), then starts anew and knows the flags. Later runs find it done. It is asked
# again when packages changed on the machine.
GOALS := $(or $(MAKECMDGOALS),all)
ifndef WS101_SETUP
export WS101_SETUP := $(if $(filter check lint build/strict/% build/clang/% build/tidy/%,$(GOALS)),check,$(if \
  $(filter bench-peers build/bench/% build/npm/%,$(GOALS)),peers,$(if $(filter bench bench-check build/release/micro,$(GOALS)),bench,$(if \
  $(filter test build/test/% build/sanitized/%,$(GOALS)),test,$(if $(filter-out help clean fmt,$(GOALS)),build,$(filter fmt,$(GOALS)))))))
endif
ifneq ($(WS101_SETUP),)
include build/setup/$(WS101_SETUP).mk
endif
# Only once in one run: a package database dated in the future must not make this turn for ever.
build/setup/%.mk: .ci/setup $(if $(MAKE_RESTARTS),,$(wildcard /var/lib/dpkg/status))
	+@mkdir -p $(@D) && .ci/setup $* $@

build/npm/installed: tests/system/package.json tests/system/package-lock.json
	$(call say,NPM,$<)
	@mkdir -p $(@D) && cp $^ $(@D) && cd $(@D) && \
	npm ci --no-audit --no-fund --no-update-notifier --loglevel=error --fetch-retry-mintimeout=1000 --fetch-retry-maxtimeout=5000 && \
	touch installed

# ---- trees -------------------------------------------------------------------------------------------

# A tree is compiled again when its command or its compiler changed, and linked again when a file came or went.
build/%/flags: export WANTED = $(COMPILE) $(LINK) $(LIBRARY_LIBS) $(shell $(TREE_CXX) --version | head -n 1)
build/%/files: export WANTED = $(SOURCES) $(TEST_SOURCES)
$(TREES:%=build/%/flags) $(TREES:%=build/%/files): FORCE
	$(write_if_new)
write_if_new = @mkdir -p $(@D); [ "$$WANTED" = "$$(cat $@ 2>/dev/null)" ] || echo "$$WANTED" > $@

define tree_rules
build/$(1)/objects/%.o: %.cpp build/$(1)/flags
	$$(call say,C++ $(2),$$<)mkdir -p $$(@D) && $$(COMPILE) $$(if $$(filter tests/%,$$<),$$(GTEST_CFLAGS)) -MMD -MP -c $$< -o $$@
build/$(1)/objects/llhttp/%.o: build/$(1)/flags
	$$(call say,C $(2),$$*.c)mkdir -p $$(@D) && $$(COMPILE_LLHTTP) -c $$(filter %/$$*.c,$$(LLHTTP_SOURCES)) -o $$@
build/$(1)/libws101.a: $$(call objects,$(1),$$(filter-out $$(MAIN),$$(SOURCES))) $$(call llhttp,$(1)) build/$(1)/files
	$$(call say,AR $(2),$$@)rm -f $$@ && ar qcs $$@ $$(filter %.o,$$^)
build/$(1)/ws101: $$(call objects,$(1),$$(MAIN)) build/$(1)/libws101.a
	$$(call say,LINK $(2),$$@)$$(LINK) $$^ $$(LIBRARY_LIBS) -o $$@
endef
$(eval $(call tree_rules,release))
$(eval $(call tree_rules,test,test))
$(eval $(call tree_rules,sanitized,asan))
$(eval $(call tree_rules,strict,strict))
$(eval $(call tree_rules,clang,clang))

# The page is written as files of its own kinds and compiled in: each becomes a string literal, which ws/app/page.cpp includes.
PAGE := $(patsubst ws/app/%,build/embedded/%,$(wildcard ws/app/page/*.html ws/app/page/*.css ws/app/page/*.js))
build/embedded/page/%: ws/app/page/%
	@mkdir -p $(@D) && { printf 'R"embedded(' && cat $< && printf ')embedded"\n'; } > $@
$(TREES:%=build/%/objects/ws/app/page.o): $(PAGE)

# Half of the time that a test takes to compile is <gtest/gtest.h>; the tree for which somebody waits reads it once. That
# makes g++ forget which warnings come from system headers, so those that it finds when it inlines are left to the
# other trees, which also show that each test includes what it uses.
TESTS_ONLY = $(GTEST_CFLAGS) $(addprefix -Wno-,array-bounds restrict stringop-overflow stringop-overread unknown-warning-option)
build/test/gtest.hpp.gch: build/test/flags
	$(call say,C++ test,gtest/gtest.h)echo '#include <gtest/gtest.h>' > $(@:.gch=) && $(COMPILE) $(TESTS_ONLY) -x c++-header $(@:.gch=) -o $@
build/test/objects/tests/%.o: tests/%.cpp build/test/flags build/test/gtest.hpp.gch
	$(call say,C++ test,$<)mkdir -p $(@D) && $(COMPILE) $(TESTS_ONLY) -include build/test/gtest.hpp -MMD -MP -c $< -o $@

define test_rule
$(call test_binary,$(1),$(2)): $(sort $(call objects,$(1),$(call test_parts,$(2))) $(call llhttp,$(1))) build/$(1)/files
	$$(call say,LINK $(3),$$@)mkdir -p $$(@D) && $$(LINK) $$(filter %.o,$$^) $$(GTEST_LIBS) $$(LIBRARY_LIBS) -o $$@
endef
$(foreach folder,$(TEST_FOLDERS),$(eval $(call test_rule,test,$(folder),test)))
$(foreach folder,$(TEST_FOLDERS),$(eval $(call test_rule,sanitized,$(folder),asan)))

build/ws101: build/release/ws101
	@ln -f $< $@

# ---- what is measured --------------------------------------------------------------------------------

build/release/micro: $(call objects,release,$(MICRO)) build/release/libws101.a
	$(call say,LINK,$@)$(LINK) $^ -lbenchmark_main -lbenchmark $(LIBRARY_LIBS) -o $@

# The peers, each a file on the library whose name it has. websocketpp is older than C++20.
build/bench/libwebsockets: PEER_LIBS := -lwebsockets
build/bench/%: bench/peers/%.cpp
	$(call say,PEER,$<)mkdir -p $(@D) && $(CXX) -std=$(if $(filter %/websocketpp,$@),c++17,c++20) -O2 -DNDEBUG $(WARNINGS) $< $(PEER_LIBS) -o $@
build/bench/%: bench/peers/%.go
	$(call say,PEER,$<)mkdir -p $(@D) && GO111MODULE=off GOPATH=/usr/share/gocode GOCACHE=$(CURDIR)/build/bench/go-cache go build -o $@ $<
build/npm/%.mjs: bench/peers/%.mjs build/npm/installed
	$(call say,PEER,$<)cp $< $@

.PHONY: $(foreach tree,test sanitized strict clang tidy,build/$(tree)/ready)
build/test/ready: $(call test_binaries,test) $(PROGRAM)
# The release is there too: what a message or a connection costs is measured on it.
build/sanitized/ready: $(call test_binaries,sanitized) $(MAIN:%=build/sanitized/ws101) $(PROGRAM)
build/strict/ready: $(call objects,strict,$(SOURCES) $(MICRO) $(TEST_SOURCES))
build/clang/ready: $(call objects,clang,$(SOURCES) $(MICRO) $(TEST_SOURCES)) $(MAIN:%=build/clang/ws101)
build/tidy/ready: $(patsubst %.cpp,build/tidy/%.ok,$(SOURCES))

# A file that clang has compiled anew, because it or a header of it changed, is looked at anew.
build/tidy/%.ok: build/clang/objects/%.o .clang-tidy
	$(call say,TIDY,$*.cpp)mkdir -p $(@D); found=$$(clang-tidy-$(CLANG) --quiet --warnings-as-errors='*' $*.cpp -- \
	  -std=c++20 -I. $(LIBRARY_CFLAGS) $(if $(filter tests/%,$*),$(GTEST_CFLAGS)) 2>&1) && touch $@ || { grep -v 'warnings generated' <<<"$$found"; exit 1; }

DEPENDENCIES := $(wildcard $(foreach tree,$(TREES),$(patsubst %.cpp,build/$(tree)/objects/%.d,$(SOURCES) $(MICRO) $(TEST_SOURCES))))
$(DEPENDENCIES): ;
include $(DEPENDENCIES)
