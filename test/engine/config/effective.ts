// A good configuration for tests, with some fields set as by options.
import type { EffectiveConfig } from "../../../engine/config/resolve-config.ts";
import { type Given, good } from "./resolved-config.ts";

export const effective = (
  set: NonNullable<Given["set"]> = {},
  variables: NonNullable<Given["variables"]> = {},
): EffectiveConfig => good({ set, variables });
