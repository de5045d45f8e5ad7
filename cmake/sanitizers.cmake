# cmake -DSANITIZE=ON: address and undefined-behaviour checks in every program.
option(SANITIZE "build with ASan and UBSan" OFF)
if(SANITIZE)
	add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=undefined
		-fno-omit-frame-pointer)
	add_link_options(-fsanitize=address,undefined)
endif()

# cmake -DFUZZ=ON with clang: the targets of tests/fuzz, and coverage marks for them everywhere.
option(FUZZ "build the libFuzzer targets" OFF)
if(FUZZ)
	add_compile_options(-fsanitize=fuzzer-no-link)
endif()
