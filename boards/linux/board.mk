# Linux on any machine: the POSIX port, nothing else.

PORT = posix
PORT_DIRS = port/posix
PORT_FLAGS = -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64
