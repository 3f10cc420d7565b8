# Compiles BearSSL with the flags that the Makefile hands over: OUT, BEARSSL, CC, AR, FLAGS.
# Neither the system's clock nor its random device: the port supplies both.
#
# What works on every octet or is the arithmetic of a handshake keeps FLAGS; all else, the greater
# part of the code, runs a few times in a connection and is made small: -O2 becomes SMALL. So are
# key schedules, SHA-384 (certificates and key derivation), the making of RSA keys, and on x86-64
# the ciphers for the rare processor without AES instructions.

SRC := $(shell find $(BEARSSL)/src -name '*.c')
OBJ := $(patsubst $(BEARSSL)/src/%.c,$(OUT)/%.o,$(SRC))
OPTIONS = -w -DBR_USE_UNIX_TIME=0 -DBR_USE_URANDOM=0 -DBR_USE_WIN32_TIME=0 -DBR_USE_WIN32_RAND=0

FAST = hash/sha2% hash/ghash% int/% rsa/rsa_i62% ec/ec_p256% ec/ec_c25519% symcipher/aes% \
	symcipher/chacha% symcipher/poly%
RARE = hash/sha2big symcipher/aes_x86ni int/i31_moddiv int/i31_dec% int/i31_enc% int/i31_bitlen
ifneq ($(filter x86_64-%,$(shell $(CC) -dumpmachine)),)
RARE += hash/ghash_ctmul64 symcipher/aes_ct64%
endif
SMALL ?= -Os
flags = $(if $(filter $(FAST),$(filter-out $(RARE),$(1))),$(FLAGS) -falign-functions=1,$(patsubst -O2,$(SMALL),$(FLAGS)))

$(OUT)/libbearssl.a: $(OBJ)
	@rm -f $@
	@$(AR) rc $@ $(OBJ)
	@echo "built $@"

$(OUT)/%.o: $(BEARSSL)/src/%.c tools/bearssl.mk tools/variants.mk
	@mkdir -p $(@D)
	@$(CC) $(call flags,$*) $(OPTIONS) -I$(BEARSSL)/inc -I$(BEARSSL)/src -c -o $@ $<
