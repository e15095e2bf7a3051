// Wildcards of `imports`: `*` any run of characters, `?` one, `{a,b}` either. Matching takes time
// in proportion to pattern times name, whatever they are.

const alternativesMax = 64;

/** The patterns without braces that one pattern stands for; null when too many or unbalanced. */
export const globAlternatives = (pattern: string): readonly string[] | null => {
  let open = [pattern];
  for (;;) {
    const next = open.flatMap(expandFirst);
    if (next.length > alternativesMax) return null;
    if (next.length === open.length && next.every((text, i) => text === open[i])) break;
    open = next;
  }
  return open.some((text) => /[{}]/.test(text)) ? null : open;
};

const expandFirst = (pattern: string): string[] => {
  const found = /^([^{}]*)\{([^{}]*)\}(.*)$/s.exec(pattern);
  if (found === null) return [pattern];
  const [, before = "", choices = "", after = ""] = found;
  return choices.split(",").map((choice) => before + choice + after);
};

/** Whether a name matches a pattern without braces. */
export const matchesGlob = (pattern: string, name: string): boolean => {
  let p = 0;
  let n = 0;
  let star = -1;
  let resume = 0;
  while (n < name.length) {
    if (pattern[p] === "*") {
      star = p;
      resume = n;
      p += 1;
    } else if (p < pattern.length && (pattern[p] === "?" || pattern[p] === name[n])) {
      p += 1;
      n += 1;
    } else if (star >= 0) {
      // The last star takes one more character; earlier stars need never be tried again.
      p = star + 1;
      resume += 1;
      n = resume;
    } else return false;
  }
  while (pattern[p] === "*") p += 1;
  return p === pattern.length;
};
