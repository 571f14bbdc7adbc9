# Embeds deploy/migrations/NNNN_name.sql into the binaries. The list is deploy/migrations/list.cmake, one file a line in
# order (PAWL_MIGRATIONS). A contract test compares the list with the folder.

# pawl_embed_migrations(OUT): OUT is the generated source that defines pawl::db::embedded_migrations().
function(pawl_embed_migrations out)
  set(folder ${CMAKE_SOURCE_DIR}/deploy/migrations)
  set(PAWL_MIGRATIONS "")
  include(${folder}/list.cmake)
  set(files "")
  set(last "0000")
  foreach(name IN LISTS PAWL_MIGRATIONS)
    if(NOT name MATCHES "^([0-9][0-9][0-9][0-9])_[a-z0-9_]+\\.sql$" OR NOT CMAKE_MATCH_1 STRGREATER last)
      message(FATAL_ERROR "deploy/migrations/list.cmake: '${name}' is not NNNN_name.sql with a number above ${last}")
    endif()
    set(last ${CMAKE_MATCH_1})
    list(APPEND files ${folder}/${name})
  endforeach()

  set(source ${CMAKE_CURRENT_BINARY_DIR}/embedded_migrations.cc)
  set(script ${CMAKE_SOURCE_DIR}/deploy/cmake/EmbedMigrations.cmake)
  string(REPLACE ";" "|" joined "${files}")
  add_custom_command(OUTPUT ${source}
    COMMAND ${CMAKE_COMMAND} "-DFILES=${joined}" "-DOUTPUT=${source}" -P ${script}
    DEPENDS ${files} ${script} ${folder}/list.cmake
    COMMENT "Embedding the migrations" VERBATIM)
  set(${out} ${source} PARENT_SCOPE)
endfunction()
