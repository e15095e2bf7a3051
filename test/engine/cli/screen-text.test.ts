import { describe, expect, it } from "vitest";

import {
  columnsOf,
  cutToColumns,
  screenLine,
  screenText,
} from "../../../engine/cli/screen-text.ts";

describe("text on a terminal", () => {
  it("gives it no orders: colours, titles, carriage returns and turned writing are shown as escapes", () => {
    const hostile = "\u001B[31mred\u001B]0;title\u0007\rover\u009B2Jgone\u202Eback\u007F";
    expect(screenText(hostile)).toBe(
      "\\u001b[31mred\\u001b]0;title\\u0007\\u000dover\\u009b2Jgone\\u202eback\\u007f",
    );
  });

  it("keeps its lines and tabs, unless it must be one line, and letters of every language", () => {
    expect(screenText("a\tb\nс 名前 👩‍🚀 é")).toBe("a\tb\nс 名前 👩‍🚀 é");
    expect(screenLine("a\tb\nc")).toBe("a\\u0009b\\u000ac");
  });

  it("keeps the value of a line of JSON", () => {
    const value = { name: "a\u009B\u007F\u202Eb" };
    expect(JSON.parse(screenText(JSON.stringify(value)))).toEqual(value);
  });

  it("counts two columns for a wide character and none for a joined accent", () => {
    expect(["abc", "名前", "é", "🚀", "ｗ", "한"].map(columnsOf)).toEqual([3, 4, 1, 2, 2, 2]);
  });

  it("is cut by columns, never within a character", () => {
    expect(cutToColumns("a名前b", 4)).toBe("a名");
    expect(cutToColumns("🚀🚀", 3)).toBe("🚀");
    expect(cutToColumns("abc", 9)).toBe("abc");
    expect(cutToColumns("abc", -1)).toBe("");
  });
});
