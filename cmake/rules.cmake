# Warnings, hardening and sanitizers: the one place for compiler flags.
add_library(rules INTERFACE)
target_include_directories(rules INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_definitions(rules INTERFACE
  ASSENT_VERSION="${PROJECT_VERSION}"
  $<$<PLATFORM_ID:Linux>:_GNU_SOURCE>)
target_compile_options(rules INTERFACE
  -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wformat=2
  -Wpointer-arith -Wwrite-strings -Wundef -Wconversion -Wno-sign-conversion -Werror
  -fvisibility=hidden -ffunction-sections -fdata-sections -fstack-protector-strong
  -fno-strict-aliasing)
target_link_options(rules INTERFACE -Wl,-z,relro,-z,now -Wl,-z,noexecstack -Wl,--as-needed)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
include(CheckPIESupported)
check_pie_supported()
include(CheckCCompilerFlag)
check_c_compiler_flag(-fcf-protection HAVE_CF)
check_c_compiler_flag(-fstack-clash-protection HAVE_CLASH)
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
