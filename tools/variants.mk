# Compilers and flags of each VARIANT. The Makefile includes this after the board's own flags.
#
# release    what is shipped: optimised, hardened, position independent
# asan       AddressSanitizer and UndefinedBehaviorSanitizer; no error is survived
# nomalloc   the release, but any use of the heap after start ends the program
# clang      the release by the other compiler
# small      the release with pools of 64 sessions and 2 large record buffers, for tests of exhaustion
# mips       32-bit big-endian, static, run by qemu-user
# fuzz       asan with libFuzzer's coverage
# coverage   gcc's line counts

ifeq ($(origin CC),default)
CC = gcc
endif
STRIP ?= strip
SIZE ?= size
READELF ?= readelf

probe = $(shell for f in $(1); do \
	$(CC) -Werror -O2 $$f -c -x c -o /dev/null - </dev/null >/dev/null 2>&1 && echo $$f; done)

WARN = -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wformat=2 -Werror \
	-Wstrict-prototypes -Wmissing-prototypes -Wcast-align -Wimplicit-fallthrough -Wvla
TEST_WARN = -Wall -Wextra -Wshadow -Wformat=2 -Wvla -Wno-unused-parameter -Werror
comma = ,
probe_link = $(shell for f in $(1); do echo 'int main(void){return 0;}' | \
	$(CC) -Werror -fPIE -pie $$f -x c -o /dev/null - >/dev/null 2>&1 && echo $$f; done)
NO_UNWIND = -fno-asynchronous-unwind-tables -fno-unwind-tables
SECTIONS = -ffunction-sections -fdata-sections -fno-common

SMALLEST = -Os

TLS_OUT = build/bearssl
TLS_FLAGS = -O2 -fPIE $(SECTIONS) $(NO_UNWIND) $(call probe,-fcf-protection -fno-plt)
LINK_RELEASE = -pie -Wl,--gc-sections -Wl,-z,relro,-z,now,-z,noexecstack,-z,nodynamic-undefined-weak
LINK = $(CC) $(LINK_VARIANT) $(LDFLAGS)
# Test programs take the compiled code that stands in the objects beside that for the linker.
LINK_TEST = $(LINK) $(if $(LTO),-fno-lto)
CMOCKA_LINK = -lcmocka
CMOCKA_INCLUDE =

ifneq ($(filter release nomalloc clang small,$(VARIANT)),)
ifeq ($(VARIANT),clang)
CC = clang
TLS_OUT = build/bearssl-clang
endif
# Link-time optimisation sees through the weak function that locks the heap, so nomalloc goes without.
ifeq ($(VARIANT),release)
LTO = -flto -flto-partition=one -ffat-lto-objects
endif
SMALLEST := $(lastword -Os $(call probe,-Oz))
TIGHT := $(call probe,-fno-plt -fno-inline-small-functions -fno-thread-jumps -malign-data=abi)
HARDEN := -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -fPIE -fstack-protector-strong \
	-fno-strict-overflow -fno-delete-null-pointer-checks \
	$(call probe,-fstack-clash-protection -fcf-protection -mbranch-protection=standard \
	-ftrivial-auto-var-init=zero)
# The core is small code around the library's ciphers: it is optimised for size, the library for speed.
CFLAGS_VARIANT = $(SMALLEST) $(TIGHT) -g $(SECTIONS) $(NO_UNWIND) $(HARDEN) $(LTO)
LINK_VARIANT = $(LINK_RELEASE) $(SMALLEST) -fdata-sections -Wl,--sort-section=alignment $(NO_UNWIND) $(HARDEN) $(LTO) -Wl,-z,noseparate-code \
	$(call probe_link,-Wl$(comma)-z$(comma)pack-relative-relocs)
endif

ifeq ($(VARIANT),small)
CFLAGS_VARIANT += -DBOARD_SESSIONS=64 -DBOARD_RECORDS_LARGE=2
endif

ifeq ($(VARIANT),nomalloc)
NOMALLOC_SRC = tests/nomalloc.c
endif

ifneq ($(filter asan fuzz,$(VARIANT)),)
CC = clang
SANITIZE = -fsanitize=address,undefined,float-divide-by-zero,implicit-conversion \
	-fno-sanitize-recover=all -fno-omit-frame-pointer
CFLAGS_VARIANT = -O1 -g $(SANITIZE) $(if $(filter fuzz,$(VARIANT)),-fsanitize=fuzzer-no-link)
LINK_VARIANT = $(SANITIZE)
# The library is watched for memory errors and for coverage; its arithmetic is its own affair.
TLS_OUT = build/bearssl-asan
TLS_FLAGS = -O1 -g1 -fsanitize=address,fuzzer-no-link -fno-omit-frame-pointer
endif

ifeq ($(VARIANT),mips)
CC = mips-linux-gnu-gcc
AR = mips-linux-gnu-ar
STRIP = mips-linux-gnu-strip
SIZE = mips-linux-gnu-size
READELF = mips-linux-gnu-readelf
CFLAGS_VARIANT = -O2 -g $(SECTIONS) -D_TIME_BITS=64 -D_FILE_OFFSET_BITS=64
LINK_VARIANT = -static -Wl,--gc-sections
TLS_OUT = build/bearssl-mips
TLS_FLAGS = -O2 $(SECTIONS)
CMOCKA_HEADER = build/deps/cmocka/include/cmocka.h
CMOCKA_INCLUDE = -isystem build/deps/cmocka/include
CMOCKA_LIB = build/cmocka-mips/libcmocka.a
CMOCKA_LINK = $(CMOCKA_LIB)
endif

ifeq ($(VARIANT),coverage)
CFLAGS_VARIANT = -O0 -g --coverage
LINK_VARIANT = --coverage
endif

ifeq ($(CFLAGS_VARIANT),)
$(error unknown VARIANT '$(VARIANT)': see tools/variants.mk)
endif

# Only now is the compiler known.
TEST_WARN := $(TEST_WARN) $(call probe,-Wno-format-truncation)
