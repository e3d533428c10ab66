/* A PKCS #11 module in front of another one (MEDIASEAL_REAL_MODULE) that fails as it is told.
 *
 * The file MEDIASEAL_FAULT holds "<function> <code> <times>": the number of a function in CK_FUNCTION_LIST (C_Initialize is 0), what it
 * returns, and how often. With MEDIASEAL_HIDE_GCM in the environment the module does not own up to CKM_AES_GCM.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

typedef unsigned long ul;
typedef ul (*function)(ul, ul, ul, ul, ul, ul, ul, ul);

struct list {
  unsigned char version[2];
  function functions[68];
};

static struct list *real;
static struct list ours;

/* What the function is told to return instead of working, or 0. */
static ul told(int number) {
  const char *path = getenv("MEDIASEAL_FAULT");
  int wanted, times;
  ul code;
  FILE *file = path ? fopen(path, "r") : NULL;
  if (!file) return 0;
  int read = fscanf(file, "%d %lu %d", &wanted, &code, &times);
  fclose(file);
  if (read != 3 || wanted != number || times < 1) return 0;
  file = fopen(path, "w");
  if (!file) return 0;
  fprintf(file, "%d %lu %d\n", wanted, code, times - 1);
  fclose(file);
  return code;
}

#define IN_FRONT(n)                                                          \
  static ul f##n(ul a, ul b, ul c, ul d, ul e, ul f, ul g, ul h) {           \
    ul code = told(n);                                                       \
    return code ? code : real->functions[n](a, b, c, d, e, f, g, h);         \
  }
IN_FRONT(4) IN_FRONT(12) IN_FRONT(18) IN_FRONT(20) IN_FRONT(22) IN_FRONT(24)
IN_FRONT(26) IN_FRONT(29) IN_FRONT(30) IN_FRONT(33) IN_FRONT(34) IN_FRONT(58)
IN_FRONT(60) IN_FRONT(61)

/* C_GetMechanismList, less CKM_AES_GCM. */
static ul mechanisms(ul slot, ul *list, ul *count, ul d, ul e, ul f, ul g, ul h) {
  ul code = real->functions[7](slot, (ul)list, (ul)count, d, e, f, g, h);
  if (code || !list || !getenv("MEDIASEAL_HIDE_GCM")) return code;
  ul kept = 0;
  for (ul at = 0; at < *count; at++)
    if (list[at] != 0x1087) list[kept++] = list[at];
  *count = kept;
  return 0;
}

ul C_GetFunctionList(struct list **list) {
  void *module = dlopen(getenv("MEDIASEAL_REAL_MODULE"), RTLD_NOW);
  if (!module) return 5;
  ul (*get)(struct list **) = (ul(*)(struct list **))dlsym(module, "C_GetFunctionList");
  if (!get || get(&real)) return 5;
  ours = *real;
#define PUT(n) ours.functions[n] = f##n;
  PUT(4) PUT(12) PUT(18) PUT(20) PUT(22) PUT(24) PUT(26) PUT(29) PUT(30) PUT(33) PUT(34) PUT(58) PUT(60) PUT(61)
  ours.functions[7] = (function)mechanisms;
  *list = &ours;
  return 0;
}
