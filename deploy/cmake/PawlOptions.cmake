# Compiler options as INTERFACE targets, and the one way to declare a library, a program or a test.

find_program(PAWL_CCACHE ccache)
if(PAWL_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_C_COMPILER_LAUNCHER ${PAWL_CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${PAWL_CCACHE})
endif()

add_library(pawl_options INTERFACE)
target_include_directories(pawl_options INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_options(pawl_options INTERFACE
  -fstack-protector-strong -fno-omit-frame-pointer -ffile-prefix-map=${CMAKE_SOURCE_DIR}=.)
target_link_options(pawl_options INTERFACE -Wl,-z,relro,-z,now)
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
  # GCC 12 reports false positives of these inside std::function, std::variant and std::string at -O2.
  target_compile_options(pawl_warnings INTERFACE -Wno-maybe-uninitialized -Wno-restrict -Wno-array-bounds)
endif()

# pawl_library(NAME SOURCES … LINK …): a static library of one layer. LINK is its complete list of arrows.
function(pawl_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK;PRIVATE_LINK" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_link_libraries(${name} PUBLIC pawl_options ${ARG_LINK} PRIVATE pawl_warnings ${ARG_PRIVATE_LINK})
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
