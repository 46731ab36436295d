# Warnings, hardening and sanitizers: the one place for compiler flags.
add_library(rules INTERFACE)
target_include_directories(rules INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_definitions(rules INTERFACE
  ASSENT_VERSION="${PROJECT_VERSION}"
  AS_COLLECTORS=COLLECTOR_MAP_$<IF:$<PLATFORM_ID:Windows>,WIN,LINUX>
  AS_OPERATIONS=OPERATION_MAP_$<IF:$<PLATFORM_ID:Windows>,WIN,LINUX>
  AS_DEVICES=DEVICE_MAP_$<IF:$<PLATFORM_ID:Windows>,WIN,LINUX>
  _GNU_SOURCE)
if(WIN32) # Windows 10; of its headers only what is asked for
  target_compile_definitions(rules INTERFACE _WIN32_WINNT=0x0A00 WIN32_LEAN_AND_MEAN NOMINMAX
    _POSIX_C_SOURCE=200809L _FILE_OFFSET_BITS=64)
endif()
target_compile_options(rules INTERFACE
  -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wformat=2
  -Wpointer-arith -Wwrite-strings -Wundef -Werror
  -fvisibility=hidden -fstack-protector-strong -fno-strict-aliasing)
if(NOT WIN32) # there read() and write() take an unsigned int, and empty data in a section of its
  # own would be stored in the file
  target_compile_options(rules INTERFACE -Wconversion -Wno-sign-conversion -ffunction-sections -fdata-sections)
endif()
if(WIN32) # one file that needs nothing but the system; binutils sets ASLR and NX by itself
  target_compile_options(rules INTERFACE -ffile-prefix-map=${PROJECT_SOURCE_DIR}/=)
  target_link_options(rules INTERFACE -static -s)
  target_link_libraries(rules INTERFACE ssp) # the run-time of stack protector and FORTIFY
else()
  target_link_options(rules INTERFACE -Wl,-z,relro,-z,now -Wl,-z,noexecstack -Wl,--as-needed)
endif()
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
include(CheckPIESupported)
check_pie_supported()
include(CheckCCompilerFlag)
check_c_compiler_flag(-fcf-protection HAVE_CF)
if(NOT WIN32) # Windows touches each page of a stack anyway, and gcc 12 for it breaks on this
  check_c_compiler_flag(-fstack-clash-protection HAVE_CLASH)
endif()
check_c_compiler_flag(-ftrivial-auto-var-init=zero HAVE_AUTOINIT)
if(SANITIZE)
  target_compile_options(rules INTERFACE -g -O1 -fsanitize=address,undefined
    -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(rules INTERFACE -fsanitize=address,undefined)
else()
  target_compile_options(rules INTERFACE -O2 -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3
    $<$<BOOL:${HAVE_CF}>:-fcf-protection> $<$<BOOL:${HAVE_CLASH}>:-fstack-clash-protection>
    $<$<BOOL:${HAVE_AUTOINIT}>:-ftrivial-auto-var-init=zero>)
endif()
if(FUZZ) # so that the fuzzer sees the ways through our code, and not only through its own target
  target_compile_options(rules INTERFACE -fsanitize=fuzzer-no-link)
endif()
