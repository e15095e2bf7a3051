// Controls in C++, built on the spot; without a compiler their rows are left out.
import { execFileSync } from "node:child_process";

/** Null when `binary` is there, else why not. */
export const compileControl = (source: string, binary: string): string | null => {
  try {
    const words = ["-O3", "-std=c++20", "-pthread", "-o", binary, source];
    execFileSync("g++", words, { stdio: "pipe" });
    return null;
  } catch (cause) {
    return String(cause).split("\n")[0] ?? "";
  }
};
