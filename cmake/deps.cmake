# One line per library; who may link it stands in the folders' own lists.
find_package(PkgConfig REQUIRED)
pkg_check_modules(uv REQUIRED IMPORTED_TARGET libuv)
pkg_check_modules(jansson REQUIRED IMPORTED_TARGET jansson)
pkg_check_modules(archive REQUIRED IMPORTED_TARGET libarchive)
pkg_check_modules(pcre2 REQUIRED IMPORTED_TARGET libpcre2-8)
pkg_check_modules(zstd REQUIRED IMPORTED_TARGET libzstd)
pkg_check_modules(libssh REQUIRED libssh) # its headers; nothing links it
find_package(OpenSSL 3.0 REQUIRED)
find_package(ZLIB REQUIRED)
find_package(Threads REQUIRED)

# libedit is libedit.so.2 on Debian and libedit.so.0 elsewhere, and ncurses has versioned symbols
# here and none there: a console for several distributions carries them in itself.
option(STATIC_EDIT "link libedit and ncurses into the console" OFF)
add_library(edit INTERFACE)
if(STATIC_EDIT)
  foreach(name edit bsd md ncursesw tinfo)
    find_library(STATIC_${name} lib${name}.a REQUIRED)
    target_link_libraries(edit INTERFACE ${STATIC_${name}})
  endforeach()
else()
  pkg_check_modules(libedit REQUIRED IMPORTED_TARGET libedit)
  pkg_check_modules(ncursesw REQUIRED IMPORTED_TARGET ncursesw)
  target_link_libraries(edit INTERFACE PkgConfig::libedit PkgConfig::ncursesw)
endif()

# nanopb: the run-time is three small C files in a static library; the code is generated at build time.
find_path(NANOPB_INCLUDE pb.h REQUIRED)
find_library(NANOPB_LIBRARY NAMES protobuf-nanopb REQUIRED)
find_program(NANOPB_GENERATOR NAMES nanopb_generator nanopb_generator.py REQUIRED)
add_library(nanopb INTERFACE)
target_include_directories(nanopb SYSTEM INTERFACE ${NANOPB_INCLUDE})
target_link_libraries(nanopb INTERFACE ${NANOPB_LIBRARY})
