# cmake -DIN=file -DOUT=file.cc -DHEADER=… -DFUNCTION=pawl::x::name -P embed.cmake: a text file as a C++ function.
file(READ "${IN}" text)
string(REGEX REPLACE "^(.*)::([a-z_]+)$" "\\1" space "${FUNCTION}")
string(REGEX REPLACE "^(.*)::([a-z_]+)$" "\\2" name "${FUNCTION}")
# Compilers bound the length of one literal, so the text is cut into neighbours.
string(LENGTH "${text}" length)
set(literals "")
set(at 0)
while(at LESS length)
  string(SUBSTRING "${text}" ${at} 8000 piece)
  string(APPEND literals "R\"~~~(${piece})~~~\"\n")
  math(EXPR at "${at} + 8000")
endwhile()
file(WRITE "${OUT}" "#include \"${HEADER}\"\n\nnamespace ${space} {\n\nstd::string_view ${name}() {\n  static constexpr std::string_view kText =\n${literals};\n  return kText;\n}\n\n}  // namespace ${space}\n")
