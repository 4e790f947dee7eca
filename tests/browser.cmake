# The pages in Debian's Chromium; `./dev test` installs playwright-core and the players first (tests/browser/package-lock.json).
troupe_executable(live_page_server SOURCES browser/live_page_server.cpp LINK troupe_live_support)
find_program(NODE node)
find_program(CHROMIUM chromium)
if(NODE)
  foreach(script asset cues experience pace party plot quality rewind play_client play_conformance spectator_frame uplink watch_games)
    add_test(NAME web.${script} COMMAND ${NODE} --test "${CMAKE_CURRENT_SOURCE_DIR}/browser/${script}.test.mjs")
    set_tests_properties(web.${script} PROPERTIES LABELS unit TIMEOUT 60)
  endforeach()
endif()
if(NODE AND CHROMIUM)
  foreach(page captions cues health links live parties players polls sound)
    add_test(NAME browser.${page}
      COMMAND ${NODE} "${CMAKE_CURRENT_SOURCE_DIR}/browser/${page}.mjs" $<TARGET_FILE:live_page_server> "${PROJECT_SOURCE_DIR}/web")
  endforeach()
  add_test(NAME browser.ladder
    COMMAND ${NODE} "${CMAKE_CURRENT_SOURCE_DIR}/browser/ladder.mjs" $<TARGET_FILE:live_page_server> "${PROJECT_SOURCE_DIR}/web")
  add_test(NAME browser.assets
    COMMAND ${NODE} "${CMAKE_CURRENT_SOURCE_DIR}/browser/assets.mjs" $<TARGET_FILE:troupe> "${PROJECT_SOURCE_DIR}/web")
  add_test(NAME browser.recorded_rewind
    COMMAND ${NODE} "${CMAKE_CURRENT_SOURCE_DIR}/browser/recorded_rewind.mjs" $<TARGET_FILE:troupe> "${PROJECT_SOURCE_DIR}/web")
  add_test(NAME browser.restart
    COMMAND ${NODE} "${CMAKE_CURRENT_SOURCE_DIR}/browser/restart.mjs" $<TARGET_FILE:troupe> "${PROJECT_SOURCE_DIR}/web")
  add_test(NAME browser.match
    COMMAND ${NODE} "${CMAKE_CURRENT_SOURCE_DIR}/browser/match.mjs" $<TARGET_FILE:troupe> $<TARGET_FILE:troupe-sim> "${PROJECT_SOURCE_DIR}/web")
  add_test(NAME browser.flv
    COMMAND ${NODE} "${CMAKE_CURRENT_SOURCE_DIR}/browser/flv.mjs" $<TARGET_FILE:troupe> "${PROJECT_SOURCE_DIR}/web")
  add_test(NAME browser.play
    COMMAND ${NODE} "${CMAKE_CURRENT_SOURCE_DIR}/browser/play.mjs" $<TARGET_FILE:troupe> "${PROJECT_SOURCE_DIR}/web")
  add_test(NAME browser.broadcast
    COMMAND ${NODE} "${CMAKE_CURRENT_SOURCE_DIR}/browser/broadcast.mjs" $<TARGET_FILE:troupe> "${PROJECT_SOURCE_DIR}/web")
  add_test(NAME browser.play_soak
    COMMAND ${NODE} --experimental-websocket --no-warnings "${CMAKE_CURRENT_SOURCE_DIR}/browser/play_soak.mjs" $<TARGET_FILE:troupe> "${PROJECT_SOURCE_DIR}/web")
  set_tests_properties(browser.play_soak PROPERTIES LABELS browser TIMEOUT 120)
  # They judge when pictures come: nothing beside them.
  set_tests_properties(browser.flv browser.ladder browser.parties browser.players browser.restart browser.sound PROPERTIES RUN_SERIAL ON)
  set_tests_properties(browser.assets browser.broadcast browser.captions browser.cues browser.flv browser.health browser.ladder browser.links browser.live browser.match browser.parties browser.play browser.players browser.polls browser.restart browser.recorded_rewind browser.sound PROPERTIES LABELS browser TIMEOUT 120)
endif()
