# The libraries of the Windows programs: static, in the sysroot that deps.sh has built. Targets
# have the names that cmake/deps.cmake gives them on Linux.
function(static_library target file)
  find_path(${target}_INCLUDE ${file} REQUIRED PATHS ${SYSROOT}/include NO_DEFAULT_PATH)
  add_library(${target} INTERFACE IMPORTED)
  target_include_directories(${target} SYSTEM INTERFACE ${SYSROOT}/include)
  foreach(name ${ARGN})
    if(EXISTS ${SYSROOT}/lib/lib${name}.a)
      target_link_libraries(${target} INTERFACE ${SYSROOT}/lib/lib${name}.a)
    else()
      target_link_libraries(${target} INTERFACE ${name}) # the system's
    endif()
  endforeach()
endfunction()

static_library(OpenSSL::Crypto openssl/crypto.h crypto ws2_32)
static_library(OpenSSL::SSL openssl/ssl.h ssl crypto ws2_32)
static_library(ZLIB::ZLIB zlib.h z)
static_library(PkgConfig::uv uv.h uv dbghelp ole32 shell32 iphlpapi psapi userenv user32 advapi32 ws2_32)
static_library(PkgConfig::pcre2 pcre2.h pcre2-8)
target_compile_definitions(PkgConfig::pcre2 INTERFACE PCRE2_STATIC)
static_library(PkgConfig::zstd zstd.h zstd)
static_library(nanopb_runtime pb.h protobuf-nanopb)
find_package(Threads REQUIRED)

find_program(NANOPB_GENERATOR NAMES nanopb_generator nanopb_generator.py REQUIRED)
add_library(nanopb INTERFACE)
target_link_libraries(nanopb INTERFACE nanopb_runtime)
