add_compile_options(-Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes
	-Wmissing-prototypes -Wformat=2 -Wvla -fno-common -fstack-protector-strong
	-fno-strict-aliasing)
add_compile_definitions(_GNU_SOURCE)
if(CMAKE_BUILD_TYPE STREQUAL "Release" OR CMAKE_BUILD_TYPE STREQUAL "RelWithDebInfo")
	add_compile_definitions(_FORTIFY_SOURCE=2)
endif()
include_directories(${CMAKE_SOURCE_DIR})
