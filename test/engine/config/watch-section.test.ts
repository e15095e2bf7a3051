import { describe, expect, test } from "vitest";

import { programIds } from "../../../schemas/market/programs.ts";
import { good, problems } from "./resolved-config.ts";

describe("own programs to watch", () => {
  const own = (id: string, rest = "") =>
    `[[watch.own]]\nname = "mine"\nid = "${id}"\n${rest}[[watch.own.instructions]]\ninstruction = "swap"\ndiscriminator = "e517cb977ae3ad2a"\nmint = 5\nuser = 1\npool = 0\n`;

  test("are taken beside the known ones, or in place of one", () => {
    const { config } = good({ toml: own(programIds["Jupiter v6"]) });
    expect(config.watch.own[0]?.instructions[0]).toMatchObject({ mint: 5, quote_mint: "sol" });
    good({ toml: `[watch]\nprograms = ["PumpSwap"]\n${own(programIds["pump.fun"])}` });
    good({ variables: { WEIR_WATCH_OWN: JSON.stringify(config.watch.own) } });
  });

  test("are refused where a list of them would be, naming the place", () => {
    const expected = "expected programs that differ, up to 64 with 1024 instructions together";
    expect(problems({ toml: own(programIds["pump.fun"]) })).toEqual([
      expect.stringContaining(expected),
    ]);
    expect(problems({ toml: own("pump") })).toEqual([
      "weir.toml:3: watch.own[0].id: found \"pump\", expected a program's id, 32 bytes in base58, not the vote program's",
    ]);
    const jupiter = own(programIds["Jupiter v6"]);
    expect(problems({ toml: jupiter.replace("e517", "E517") })[0]).toMatch(
      /weir.toml:6: .*discriminator: found "E517cb977ae3ad2a", expected .* 16 hex digits/,
    );
    expect(problems({ toml: jupiter.replace("mint", "mimt") })).toContain(
      "weir.toml:4: watch.own[0].instructions[0]: unknown key mimt; known: instruction, discriminator, direction, mint, user, pool, quote_mint, base, quote",
    );
    expect(problems({ toml: jupiter + jupiter })[0]).toMatch(/watch.own: .*names that differ/);
  });
});
