import { expect, it } from "vitest";

import { liveView } from "../../../engine/up/live-view.ts";

const esc = "\u001B";
const parts = new RegExp(`${esc}\\[\\d*[A-Z]|[^]`, "g");

/** What stands on a terminal of so many columns that knows the sequences of the view. */
const terminal = (columns: number, rows: number) => {
  const screen: string[] = [""];
  let at = 0;
  const put = (character: string): void => {
    if ((screen[at] ?? "").length === columns) at += 1;
    screen[at] = (screen[at] ?? "") + character;
  };
  const write = (text: string): void => {
    for (const [part] of text.matchAll(parts)) {
      if (part === "\n") screen[(at += 1)] ??= "";
      else if (part === `${esc}[2K`) screen[at] = "";
      else if (part === `${esc}[J`) screen.splice(at, Infinity, "");
      else if (part.startsWith(esc)) at -= Number(part.slice(2, -1));
      else put(part);
    }
  };
  const view = liveView({ write, size: () => ({ columns, rows }) }, () => 1);
  return { view, shown: () => screen.filter((line) => line !== "") };
};

it("without a terminal one of so many pictures is written, the first one too", () => {
  const written: string[] = [];
  const view = liveView({ write: (text) => written.push(text), size: () => null }, () => 3);
  for (let i = 0; i < 7; i += 1) view.draw([`picture ${i}`]);
  expect(written.map((text) => text.trim())).toEqual(["picture 0", "picture 3", "picture 6"]);
});

it("on a terminal a picture takes the place of the one before, also with lines that are too long", () => {
  const { view, shown } = terminal(10, 24);
  view.draw(["first", "0123456789abcdef", "third"]);
  expect(shown()).toEqual(["first", "012345678…", "third"]);
  view.draw(["FIRST", "0123456789"]);
  expect(shown()).toEqual(["FIRST", "0123456789"]);
});

it("a picture is no higher than the terminal, whose first line it could not reach again", () => {
  const { view, shown } = terminal(10, 3);
  view.draw(["a", "b", "c", "d"]);
  view.draw(["A", "B", "C", "D"]);
  expect(shown()).toEqual(["A", "B"]);
});

it("what a name or a note would order the terminal is shown, with and without one", () => {
  const { view, shown } = terminal(20, 24);
  view.draw([`a${esc}[2Kb`, "名前".repeat(6)]);
  view.note(`bad${esc}[9A\nnews`);
  view.draw(["A"]);
  expect(shown()).toEqual(["bad\\u001b[9A", "news", "A"]);
  view.draw([`a${esc}[2Kb`, "名前".repeat(6)]);
  expect(shown().slice(2)).toEqual(["a\\u001b[2Kb", `${"名前".repeat(4)}名…`]);
  const written: string[] = [];
  const plain = liveView({ write: (text) => written.push(text), size: () => null }, () => 1);
  plain.draw([`a${esc}b`]);
  plain.note(`c${esc}d`);
  expect(written).toEqual(["a\\u001bb\n\n", "c\\u001bd\n"]);
});

it("a note between two pictures stays above them, whole", () => {
  const { view, shown } = terminal(10, 24);
  view.draw(["a", "b"]);
  view.note("bad news");
  view.draw(["A", "B"]);
  expect(shown()).toEqual(["bad news", "A", "B"]);
});
