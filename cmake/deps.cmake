# One line per library; who may link it stands in the folders' own lists.
find_package(PkgConfig REQUIRED)
pkg_check_modules(uv REQUIRED IMPORTED_TARGET libuv)
pkg_check_modules(edit REQUIRED IMPORTED_TARGET libedit)
pkg_check_modules(jansson REQUIRED IMPORTED_TARGET jansson)
pkg_check_modules(archive REQUIRED IMPORTED_TARGET libarchive)
pkg_check_modules(pcre2 REQUIRED IMPORTED_TARGET libpcre2-8)
pkg_check_modules(zstd REQUIRED IMPORTED_TARGET libzstd)
find_package(OpenSSL 3.0 REQUIRED)
find_package(ZLIB REQUIRED)
find_package(Threads REQUIRED)

# nanopb: the run-time is three small C files in a static library; the code is generated at build time.
find_path(NANOPB_INCLUDE pb.h REQUIRED)
find_library(NANOPB_LIBRARY NAMES protobuf-nanopb REQUIRED)
find_program(NANOPB_GENERATOR NAMES nanopb_generator nanopb_generator.py REQUIRED)
add_library(nanopb INTERFACE)
target_include_directories(nanopb SYSTEM INTERFACE ${NANOPB_INCLUDE})
target_link_libraries(nanopb INTERFACE ${NANOPB_LIBRARY})
