# Mailwicket's build, for GNU make. `make help` lists the targets.
#
# One build directory per board and variant: build/BOARD for the release, build/BOARD-VARIANT for
# the rest (asan, nomalloc, clang, mips, fuzz, coverage; see tools/variants.mk). Inside it, objects
# stand at the path of their source. The core (src without main.c) and each port are archives, so
# that a test takes from the simulated port what it does not bring itself.

VERSION = 0.1.0
BOARD ?= linux
VARIANT ?= release
PYTHON ?= /usr/bin/python3
DESTDIR ?=
PREFIX ?= /usr/local
SYSCONFDIR ?= /etc
FUZZ_SECONDS ?= 20
TOP ?= 0
TEST_FUZZ_SECONDS ?= 3
BEARSSL ?= build/deps/bearssl
LWIP ?= build/deps/lwip
UTHASH ?= /usr/include

# V=1 shows the commands.
ifeq ($(V),)
Q = @
endif
note = $(if $(V),,@echo "  $(1) $@")

MAKEFLAGS += --no-print-directory
.SUFFIXES:
.DELETE_ON_ERROR:
.SECONDARY:
.DEFAULT_GOAL := all

OUT := build/$(BOARD)$(if $(filter-out release,$(VARIANT)),-$(VARIANT))
PROGRAM = $(OUT)/mailwicket

include boards/$(BOARD)/board.mk
include tools/variants.mk

# --- what is built from what -----------------------------------------------------------------

CORE_SRC := $(wildcard src/*/*.c)
PORT_SRC := $(foreach d,$(PORT_DIRS),$(wildcard $(d)/*.c)) $(wildcard boards/$(BOARD)/*.c)
SIM_SRC := $(wildcard port/sim/*.c port/flash/*.c)
UNIT_SRC := $(wildcard tests/unit/test_*.c)
UNIT_HELP := $(filter-out $(UNIT_SRC),$(wildcard tests/unit/*.c))
CONV_SRC := $(wildcard tests/conversation/*.c)
FUZZ_SRC := $(wildcard tests/fuzz/fuzz_*.c)
FUZZ_HELP := $(filter-out $(FUZZ_SRC),$(wildcard tests/fuzz/*.c))

objects = $(patsubst %.c,$(OUT)/%.o,$(1))
CORE = $(OUT)/libcore.a
SIM = $(OUT)/libsim.a
PORTLIB = $(OUT)/libport.a
TLS = $(TLS_OUT)/libbearssl.a
UNITS = $(patsubst tests/unit/%.c,$(OUT)/unit/%,$(UNIT_SRC))
CONVERSATION = $(if $(CONV_SRC),$(OUT)/conversation)
FUZZERS = $(patsubst tests/fuzz/%.c,$(OUT)/fuzz/%,$(FUZZ_SRC))
HEADERS = $(BEARSSL)/inc/bearssl.h build/deps/uthash/uthash.h $(CMOCKA_HEADER)

THIRD = -isystem $(BEARSSL)/inc -isystem build/deps/uthash
INCLUDES = -Isrc -Iinclude -Iboards/$(BOARD) $(THIRD)
BUILD_DAY := $(shell t=$${SOURCE_DATE_EPOCH:-$$(git log -1 --format=%ct 2>/dev/null)}; \
	echo $$(($${t:-$$(date +%s)} / 86400)))
DEFINES = -DMAILWICKET_VERSION='"$(VERSION)"' -DMAILWICKET_BUILD_DAY=$(BUILD_DAY)
COMPILE = $(CC) -std=c11 -MMD -MP $(CFLAGS_VARIANT) $(DEFINES) $(INCLUDES) $(CPPFLAGS) $(CFLAGS)

# --- targets for people ----------------------------------------------------------------------

# build the program of BOARD (default linux): build/BOARD/mailwicket
all: $(PROGRAM)

# fetch what is missing, build, and show the main job with the demo provider; then the console
run:
	@tools/deps run
	@$(MAKE) BOARD=linux VARIANT=release all
	$(PYTHON) tools/demo_run.py --binary build/linux/mailwicket

# fetch what is missing and run every test that a machine without special hardware can run
test:
	@tools/deps test
	@tools/deps peers
	@$(PYTHON) tests/run all --fuzz $(TEST_FUZZ_SECONDS)

# fetch what the build and the tests need: packages by apt, pinned sources under build/deps
deps:
	@tools/deps test
	@$(MAKE) $(BEARSSL)/inc/bearssl.h

# check the house rules, then clang-tidy and cppcheck with the repository's lists
lint: $(HEADERS)
	@$(PYTHON) tools/lint; rules=$$?; \
		$(PYTHON) tools/lint_tools $(INCLUDES) $(DEFINES) + $(PORT_FLAGS) && exit $$rules

# measure throughput against peers from Debian in the same run, as ratios
bench:
	@tools/deps bench
	@$(MAKE) BOARD=linux VARIANT=release all
	$(PYTHON) tests/bench/run.py --binary build/linux/mailwicket

# run each libFuzzer target for FUZZ_SECONDS (default 20); FUZZ=name picks one
fuzz:
	@$(PYTHON) tests/run fuzz --seconds $(FUZZ_SECONDS) $(FUZZ)

# line coverage of the core by the unit and conversation tests
coverage:
	@$(MAKE) VARIANT=coverage tests
	@$(PYTHON) tests/run coverage

# stripped size by room and library, memory of an idle connection; TOP=n lists the n largest symbols
sizes: $(PROGRAM)
	@$(PYTHON) tools/sizes $(PROGRAM) $(OUT)/mailwicket.map --size '$(SIZE)' --strip '$(STRIP)' \
		--readelf '$(READELF)' --top $(TOP)
	@$(PYTHON) tools/idle $(CC) mips-linux-gnu-gcc -- -I. $(INCLUDES) $(PORT_FLAGS)

# install the program, its example configuration and README under DESTDIR and PREFIX
install: $(PROGRAM)
	install -d $(DESTDIR)$(PREFIX)/sbin $(DESTDIR)$(PREFIX)/share/doc/mailwicket
	install -m 755 $(PROGRAM) $(DESTDIR)$(PREFIX)/sbin/mailwicket
	$(STRIP) $(DESTDIR)$(PREFIX)/sbin/mailwicket
	for f in README.md LICENSE $(wildcard boards/linux/*.conf); do [ ! -e $$f ] || \
		install -m 644 $$f $(DESTDIR)$(PREFIX)/share/doc/mailwicket/; done

# remove what the build made, except the fetched sources and servers
clean:
	rm -rf $(filter-out build/deps build/peers build/apt,$(wildcard build/*))

# list the targets
help:
	@awk '/^# / { text = substr($$0, 3) } /^$$/ { text = "" } \
		/^[a-z]+:/ && text { split($$1, t, ":"); printf "%-10s %s\n", t[1], text; text = "" }' Makefile
	@echo 'variables: BOARD=linux VARIANT=release|asan|nomalloc|clang|mips BEARSSL=DIR UTHASH=DIR'
	@echo '           PREFIX=/usr/local DESTDIR= FUZZ_SECONDS=20 PYTHON=/usr/bin/python3'

.PHONY: all run test deps lint bench fuzz coverage sizes install clean help
.PHONY: units tests core fuzzers force

# --- programs --------------------------------------------------------------------------------

PROGRAM_OBJ = $(call objects,src/main.c $(CORE_SRC) $(PORT_SRC) $(NOMALLOC_SRC))

$(PROGRAM): $(PROGRAM_OBJ) $(TLS)
	$(call note,LINK)
	$(Q)$(LINK) -Wl,-Map,$(OUT)/mailwicket.map -o $@ $(PROGRAM_OBJ) $(TLS) $(LDLIBS)

# Everything below tests/ that this variant runs: unit programs and the conversation runner.

units: $(UNITS)
tests: units $(CONVERSATION)
fuzzers: $(FUZZERS)
core: $(CORE) $(PORTLIB)

LIBS = -Wl,--start-group $(CORE) $(SIM) $(TLS) -Wl,--end-group
POSIX_LIBS = -Wl,--start-group $(CORE) $(PORTLIB) $(TLS) -Wl,--end-group

# Tests of the real port are named test_posix_*; all others stand on the simulated one.
$(OUT)/unit/test_posix%: $(OUT)/tests/unit/test_posix%.o $(call objects,$(UNIT_HELP)) $(CORE) \
		$(PORTLIB) $(TLS) $(CMOCKA_LIB)
	@mkdir -p $(@D)
	$(call note,LINK)
	$(Q)$(LINK_TEST) -o $@ $(filter %.o,$^) $(POSIX_LIBS) $(CMOCKA_LINK) $(LDLIBS)

$(OUT)/unit/%: $(OUT)/tests/unit/%.o $(call objects,$(UNIT_HELP)) $(CORE) $(SIM) $(TLS) $(CMOCKA_LIB)
	@mkdir -p $(@D)
	$(call note,LINK)
	$(Q)$(LINK_TEST) -o $@ $(filter %.o,$^) $(LIBS) $(CMOCKA_LINK) $(LDLIBS)

$(OUT)/conversation: $(call objects,$(CONV_SRC)) $(CORE) $(SIM) $(TLS)
	$(call note,LINK)
	$(Q)$(LINK_TEST) -o $@ $(filter %.o,$^) $(LIBS) $(LDLIBS)

$(OUT)/fuzz/%: $(OUT)/tests/fuzz/%.o $(call objects,$(FUZZ_HELP)) $(CORE) $(SIM) $(TLS)
	@mkdir -p $(@D)
	$(call note,LINK)
	$(Q)$(LINK_TEST) -fsanitize=fuzzer -o $@ $(filter %.o,$^) $(LIBS) $(LDLIBS)

# --- archives and objects --------------------------------------------------------------------

# Archives are thin and keep the path of a member: two rooms may have a file of the same name.
# A member that goes away must leave the archive too: the list of sources is a prerequisite.
$(CORE): $(call objects,$(CORE_SRC)) $(OUT)/list-core
$(SIM): $(call objects,$(SIM_SRC)) $(OUT)/list-sim
$(PORTLIB): $(call objects,$(PORT_SRC)) $(OUT)/list-port
$(CORE) $(SIM) $(PORTLIB):
	@rm -f $@
	$(call note,AR  )
	$(Q)$(AR) rcTP $@ $(filter %.o,$^)

$(OUT)/list-core: MEMBERS = $(CORE_SRC)
$(OUT)/list-sim: MEMBERS = $(SIM_SRC)
$(OUT)/list-port: MEMBERS = $(PORT_SRC)
$(OUT)/list-%: force
	@$(shell mkdir -p $(@D))$(file >$@.now,$(MEMBERS))cmp -s $@.now $@ && rm $@.now || mv $@.now $@

# What the compiler is told is kept in a file, so that another version or flag rebuilds.
$(OUT)/flags: force
	@$(shell mkdir -p $(@D))$(file >$@.now,$(COMPILE))cmp -s $@.now $@ && rm $@.now || mv $@.now $@

$(OUT)/%.o: %.c $(OUT)/flags | $(HEADERS)
	@mkdir -p $(@D)
	$(call note,CC  )
	$(Q)$(COMPILE) $(FLAGS_HERE) -c -o $@ $<

$(OUT)/src/%.o: FLAGS_HERE = $(WARN)
# Every octet of a body passes here.
$(OUT)/src/proto/dot.o: FLAGS_HERE = $(WARN) -O2
$(OUT)/port/%.o $(OUT)/boards/%.o: FLAGS_HERE = $(WARN) $(PORT_FLAGS)
$(OUT)/tests/%.o: FLAGS_HERE = $(TEST_WARN) -Itests -Iport/sim $(CMOCKA_INCLUDE)
$(OUT)/tests/unit/test_posix%.o: FLAGS_HERE = $(TEST_WARN) $(PORT_FLAGS) -Iport/posix $(CMOCKA_INCLUDE)
$(OUT)/tests/nomalloc.o: FLAGS_HERE = $(TEST_WARN) -fno-builtin

# --- third party -----------------------------------------------------------------------------

$(TLS): $(BEARSSL)/inc/bearssl.h tools/bearssl.mk tools/variants.mk
	@$(MAKE) -f tools/bearssl.mk OUT=$(TLS_OUT) BEARSSL='$(BEARSSL)' CC='$(CC)' AR='$(AR)' \
		FLAGS='$(TLS_FLAGS)' SMALL=$(SMALLEST)

$(BEARSSL)/inc/bearssl.h:
	tools/deps $(if $(filter build/deps/bearssl,$(BEARSSL)),bearssl,no-source-at-$(BEARSSL))

build/deps/cmocka/include/cmocka.h:
	tools/deps cmocka

# Its own directory: a cross compiler must not see the host's /usr/include.
build/deps/uthash/uthash.h:
	@[ -e $(UTHASH)/uthash.h ] || tools/deps run
	@mkdir -p $(@D) && cp $(UTHASH)/uthash.h $@

build/cmocka-$(VARIANT)/libcmocka.a: build/deps/cmocka/include/cmocka.h
	@mkdir -p $(@D)
	$(Q)$(CC) -O1 -w $(CMOCKA_INCLUDE) -DHAVE_MALLOC_H -DHAVE_INTTYPES_H -DHAVE_SIGNAL_H -DHAVE_STRINGS_H \
		-c -o $(@D)/cmocka.o build/deps/cmocka/src/cmocka.c
	$(Q)$(AR) rc $@ $(@D)/cmocka.o

-include $(shell find $(OUT) -name '*.d' 2>/dev/null)
