// What a part of the system that cannot start means to the command line: a dependency that is not
// there, or custom stages that the configuration should not have named.
import { ThreadStartError } from "../host/engine.ts";
import { UnreachableError } from "./command.ts";
import { InputError } from "./input.ts";

/** A port that is taken names its option. */
export const startFailure = (error: unknown, portOption: string): Error => {
  if (error instanceof InputError) return error;
  const text = error instanceof Error ? error.message : String(error);
  if (error instanceof ThreadStartError && error.thread === "submit") return new InputError(text);
  const isTaken = /EADDRINUSE|already in use/.test(text);
  const advice = isTaken ? `; choose another port with ${portOption}, 0 = a free one` : "";
  return new UnreachableError(text + advice);
};
