# Compiles BearSSL with the flags that the Makefile hands over: OUT, BEARSSL, CC, AR, FLAGS.
# Neither the system's clock nor its random device: the port supplies both.

SRC := $(shell find $(BEARSSL)/src -name '*.c')
OBJ := $(patsubst $(BEARSSL)/src/%.c,$(OUT)/%.o,$(SRC))
OPTIONS = -w -DBR_USE_UNIX_TIME=0 -DBR_USE_URANDOM=0 -DBR_USE_WIN32_TIME=0 -DBR_USE_WIN32_RAND=0

$(OUT)/libbearssl.a: $(OBJ)
	@rm -f $@
	@$(AR) rc $@ $(OBJ)
	@echo "built $@"

$(OUT)/%.o: $(BEARSSL)/src/%.c
	@mkdir -p $(@D)
	@$(CC) $(FLAGS) $(OPTIONS) -I$(BEARSSL)/inc -I$(BEARSSL)/src -c -o $@ $<
