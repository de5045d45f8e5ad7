/*
 * starve.h -- runs one input again and again, each time with another one of the
 * allocations of libraries failing, until a run passes without.  Our own
 * allocations are not among them: base/mem.h ends the process, by design.
 */
#ifndef TESTS_FUZZ_STARVE_H
#define TESTS_FUZZ_STARVE_H

#include "base/slice.h"

/*
 * run(input) in at most budget children; how many there were.  Each has to end
 * well, by mem.h, or by an assertion of the target, which cannot know that memory was
 * short.  Otherwise what the child said is told, and the process ends with 1.
 */
unsigned starve(void (*run)(struct slice input), struct slice input, unsigned budget);

#endif
