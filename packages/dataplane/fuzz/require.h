/** What a fuzz target holds to be true of every input. Unlike assert, on in every build; the fuzzer sees it as a crash. */
#pragma once
#include <cstdio>
#include <cstdlib>

#define REQUIRE(expression)                                                        \
  do {                                                                             \
    if (expression) break;                                                         \
    fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #expression); \
    abort();                                                                       \
  } while (false)
