# Compiler options as INTERFACE targets, and the one way to declare a library, a program or a test.

option(PAWL_PCH "Compile the standard headers once; a third less work for a build from nothing" OFF)

find_program(PAWL_CCACHE ccache)
if(PAWL_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_C_COMPILER_LAUNCHER ${PAWL_CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${PAWL_CCACHE})
  if(PAWL_PCH)
    # Without these ccache does not cache what uses a precompiled header.
    set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime ${PAWL_CCACHE})
  endif()
endif()

add_library(pawl_options INTERFACE)
target_include_directories(pawl_options INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_options(pawl_options INTERFACE
  -fstack-protector-strong -fno-omit-frame-pointer -ffile-prefix-map=${CMAKE_SOURCE_DIR}=.)
target_link_options(pawl_options INTERFACE -Wl,-z,relro,-z,now)
if(PAWL_PCH)
  # A precompiled header is taken only by sources with the same options; some libraries bring -pthread, so all have it.
  target_compile_options(pawl_options INTERFACE -pthread $<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess>)
  set(CMAKE_PCH_WARN_INVALID OFF)
endif()
if(CMAKE_SYSTEM_PROCESSOR STREQUAL "x86_64")
  target_compile_options(pawl_options INTERFACE -fcf-protection)
endif()
if(CMAKE_BUILD_TYPE STREQUAL "Release" OR CMAKE_BUILD_TYPE STREQUAL "RelWithDebInfo")
  target_compile_definitions(pawl_options INTERFACE _FORTIFY_SOURCE=3)
endif()

find_program(PAWL_MOLD mold)
if(PAWL_MOLD)
  target_link_options(pawl_options INTERFACE -fuse-ld=mold)
endif()

if(PAWL_SANITIZE)
  target_compile_options(pawl_options INTERFACE -fsanitize=${PAWL_SANITIZE} -fno-sanitize-recover=all)
  target_link_options(pawl_options INTERFACE -fsanitize=${PAWL_SANITIZE})
endif()
if(PAWL_COVERAGE)
  target_compile_options(pawl_options INTERFACE -fprofile-instr-generate -fcoverage-mapping)
  target_link_options(pawl_options INTERFACE -fprofile-instr-generate)
endif()
if(PAWL_BUILD_FUZZERS)
  target_compile_options(pawl_options INTERFACE -fsanitize=fuzzer-no-link)
endif()

add_library(pawl_warnings INTERFACE)
target_compile_options(pawl_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wold-style-cast -Wcast-align -Woverloaded-virtual
  -Wconversion -Wsign-conversion -Wformat=2 -Wimplicit-fallthrough)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 reports false positives of these two inside std::function and std::variant at -O2.
  target_compile_options(pawl_warnings INTERFACE -Wno-maybe-uninitialized -Wno-restrict)
endif()

if(PAWL_PCH)
  # A library of its own: a definition that it had and another target had not would make it useless there.
  file(WRITE ${CMAKE_BINARY_DIR}/standard_headers.cc "// Carries the precompiled header.\n")
  add_library(pawl_standard_headers STATIC ${CMAKE_BINARY_DIR}/standard_headers.cc)
  target_link_libraries(pawl_standard_headers PRIVATE pawl_options pawl_warnings)
  target_precompile_headers(pawl_standard_headers PRIVATE ${CMAKE_SOURCE_DIR}/deploy/cmake/standard_headers.h)
endif()

# pawl_library(NAME SOURCES … LINK …): a static library of one layer. LINK is its complete list of arrows.
function(pawl_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK;PRIVATE_LINK" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_link_libraries(${name} PUBLIC pawl_options ${ARG_LINK} PRIVATE pawl_warnings ${ARG_PRIVATE_LINK})
  if(PAWL_PCH)
    target_precompile_headers(${name} REUSE_FROM pawl_standard_headers)
  endif()
endfunction()

# All programs that are run in production; what deploy/build builds when nothing else is asked for.
add_custom_target(product)

# pawl_program(NAME SOURCES … LINK …): an executable in build/<preset>/bin, part of the product.
function(pawl_program name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE pawl_options pawl_warnings ${ARG_LINK})
  add_dependencies(product ${name})
endfunction()
