# Of all registered games: the first byte picks one.
foreach(what command state view)
  troupe_fuzzer(games_${what} SOURCES games_${what}_fuzz.cpp LINK troupe_game)
endforeach()
