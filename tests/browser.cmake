# The pages in Debian's Chromium; `./dev test` installs playwright-core and the players first (tests/browser/package-lock.json).
troupe_executable(live_page_server SOURCES browser/live_page_server.cpp LINK troupe_live_support)
find_program(NODE node)
find_program(CHROMIUM chromium)
if(NODE AND CHROMIUM)
  foreach(page live players)
    add_test(NAME browser.${page}
      COMMAND ${NODE} "${CMAKE_CURRENT_SOURCE_DIR}/browser/${page}.mjs" $<TARGET_FILE:live_page_server> "${PROJECT_SOURCE_DIR}/web")
    set_tests_properties(browser.${page} PROPERTIES LABELS browser TIMEOUT 120)
  endforeach()
endif()
