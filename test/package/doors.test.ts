// What the doors say is public: each name is documented where it stands, and a door is only a list.
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { describe, expect, it } from "vitest";

const folder = new URL("../../engine/doors/", import.meta.url);
const doors = readdirSync(folder).toSorted((a, b) => a.localeCompare(b));
const exported = /^export (?:type )?\{([^}]*)\} from "([^"]+)";/gm;

type Public = { readonly door: string; readonly name: string; readonly file: URL };

const publicNames = (door: string): readonly Public[] => {
  const text = readFileSync(new URL(door, folder), "utf8");
  return [...text.matchAll(exported)].flatMap(([, names = "", path = ""]) =>
    names
      .split(",")
      .map((name) => name.replace(/^\s*type\s/, "").trim())
      .filter((name) => name !== "")
      .map((name) => ({ door, name, file: new URL(path, new URL(door, folder)) })),
  );
};

/** Whether a doc comment ends on the line before the declaration. */
const isDocumented = ({ name, file }: Public): boolean =>
  new RegExp(
    String.raw`\*/\nexport (?:abstract )?(?:const|class|type|function\*?|async function) ${name}\b`,
  ).test(readFileSync(fileURLToPath(file), "utf8"));

describe("the doors", () => {
  it("are lists of exports from elsewhere and nothing more", () => {
    expect(doors.length).toBeGreaterThanOrEqual(6);
    for (const door of doors) {
      const text = readFileSync(new URL(door, folder), "utf8");
      const rest = text
        .replace(exported, "")
        .split("\n")
        .filter((line) => line !== "" && !line.startsWith("// "));
      expect([door, rest]).toEqual([door, []]);
      expect([door, text.startsWith(`// The door \`weir/${door.slice(0, -3)}\``)]).toEqual([
        door,
        true,
      ]);
    }
  });

  it("document every name that they make public", () => {
    const all = doors.flatMap(publicNames);
    expect(all.length).toBeGreaterThan(100);
    const silent = all.filter((one) => !isDocumented(one));
    expect(silent.map(({ door, name }) => `${door} ${name}`)).toEqual([]);
  });

  it("make no name public twice", () => {
    const names = doors.flatMap(publicNames).map(({ name }) => name);
    expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([]);
  });
});
