# The Windows programs: two files. assent-agent.exe is broker, net, dial and probe, told apart by
# argv[0] (app/roles.c), so that OpenSSL is on the disk once; assent-collect.exe has no TLS.

# Of the collectors the engine is shared; what asks the system is in plat/win/collect.
get_target_property(_sources agent_collect SOURCES)
set(_files entry find follow gaps get get_folder line_time ls put send_file tail tar walk)
string(REPLACE ";" "|" _shared "counters;live;match;name;pack;probe;proc_list;reachability;redact;run;sink;sink_send;table;tool_text;top;watchdog;${_files}")
list(FILTER _sources INCLUDE REGEX "/(${_shared})\\.c$")
file(GLOB _windows CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/plat/win/collect/*.c)
set_target_properties(agent_collect PROPERTIES SOURCES "${_sources};${_windows}")

# To those that read files plat/win/files says what the rest of the world has.
list(TRANSFORM _files REPLACE "(.+)" "collect/\\1.c")
list(APPEND _files plat/win/collect/below.c plat/win/collect/draft.c plat/win/collect/files.c plat/win/collect/watch.c)
set_source_files_properties(${_files} PROPERTIES
  INCLUDE_DIRECTORIES ${CMAKE_CURRENT_SOURCE_DIR}/plat/win/files)

# The probes speak to sockets as Linux does; plat/win/posix says the same to Windows.
target_include_directories(agent_probe BEFORE PRIVATE plat/win/posix)
target_sources(agent_probe PRIVATE plat/win/posix/posix.c)
target_link_libraries(plat PUBLIC ole32 shell32 advapi32 user32 ws2_32 crypt32 bcrypt)
target_link_libraries(agent_collect PUBLIC iphlpapi ws2_32 ole32 oleaut32 uuid psapi version crypt32
  mpr taskschd wbemuuid)
target_link_libraries(plat_loop PUBLIC gdi32 comctl32 user32)

# libssl 3.5 has a function of this name inside, which a static link shows.
target_compile_definitions(tls PUBLIC tls_free=assent_tls_free)

foreach(_role agent net dial probe)
  set(_file ${_role}/main.c)
  if(_role STREQUAL "agent")
    set(_file main.c)
  endif()
  add_library(role_${_role} OBJECT ${_file})
  target_compile_definitions(role_${_role} PRIVATE main=${_role}_main)
  target_compile_options(role_${_role} PRIVATE -include ${CMAKE_CURRENT_SOURCE_DIR}/plat/win/app/roles.h)
  target_link_libraries(role_${_role} PRIVATE rules PkgConfig::uv)
endforeach()

target_include_directories(role_probe BEFORE PRIVATE plat/win/posix)

enable_language(RC)
set(CMAKE_RC_FLAGS "-c 65001")
set(_app plat/win/app/app.rc)
set(_icon ${CMAKE_CURRENT_BINARY_DIR}/icon/app.ico)
find_program(PYTHON3 python3 REQUIRED)
add_custom_command(OUTPUT ${_icon}
  COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_CURRENT_BINARY_DIR}/icon
  COMMAND ${PYTHON3} ${CMAKE_CURRENT_SOURCE_DIR}/plat/win/app/icon.py ${_icon}
  DEPENDS plat/win/app/icon.py VERBATIM)
add_custom_target(icon DEPENDS ${_icon})
set_source_files_properties(${_app} PROPERTIES
  INCLUDE_DIRECTORIES "${CMAKE_CURRENT_SOURCE_DIR}/plat/win/app;${CMAKE_CURRENT_BINARY_DIR}/icon"
  OBJECT_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/plat/win/app/app.manifest;${_icon}")

program(assent-agent SOURCES plat/win/app/roles.c ${_app}
  USES role_agent role_net role_dial role_probe agent_core agent_net agent_dial agent_probe)
target_sources(assent-agent PRIVATE $<TARGET_OBJECTS:role_agent> $<TARGET_OBJECTS:role_net>
  $<TARGET_OBJECTS:role_dial> $<TARGET_OBJECTS:role_probe>)
helper(assent-collect SOURCES collect/main.c ${_app} USES agent_collect)
# two programs use it: made once
add_dependencies(assent-agent icon)
add_dependencies(assent-collect icon)
