# add_room(NAME SOURCES a.c b.c LINKS x y): the static library of one folder.
function(add_room name)
	cmake_parse_arguments(ROOM "" "" "SOURCES;LINKS" ${ARGN})
	add_library(${name} STATIC ${ROOM_SOURCES})
	target_link_libraries(${name} PUBLIC ${ROOM_LINKS})
endfunction()

# add_daemon(NAME SOURCES main.c LINKS room ...): a program, put into build/bin.
function(add_daemon name)
	cmake_parse_arguments(DAEMON "" "" "SOURCES;LINKS" ${ARGN})
	add_executable(${name} ${DAEMON_SOURCES})
	target_link_libraries(${name} PRIVATE ${DAEMON_LINKS})
	set_target_properties(${name} PROPERTIES
		RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
endfunction()

# add_unit_test(NAME LINKS room ...): NAME.c is a cmocka program beside the source it proves;
# the ctest name is ROOM/NAME.  It runs in the room's source folder.
function(add_unit_test name)
	cmake_parse_arguments(TEST "" "" "SOURCES;LINKS" ${ARGN})
	if(NOT CMOCKA_FOUND)
		return()
	endif()
	get_filename_component(room ${CMAKE_CURRENT_SOURCE_DIR} NAME)
	add_executable(${room}_${name} ${name}.c ${TEST_SOURCES})
	target_link_libraries(${room}_${name} PRIVATE ${TEST_LINKS} PkgConfig::CMOCKA)
	add_test(NAME ${room}/${name} COMMAND ${room}_${name}
		WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR})
	set_tests_properties(${room}/${name} PROPERTIES TIMEOUT 120)
endfunction()
