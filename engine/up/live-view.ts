// Draws the view: in place on a terminal, as one plain line every few seconds anywhere else.
import { columnsOf, cutToColumns, screenLine, screenText } from "../cli/screen-text.ts";

export type LiveView = {
  readonly draw: (lines: readonly string[]) => void;
  /** Writes a line that stays, above the picture. */
  readonly note: (line: string) => void;
  /** Leaves the last picture and ends. */
  readonly end: () => void;
};

export type ViewScreen = {
  readonly write: (text: string) => void;
  /** Of the terminal, asked for at each picture; null: there is none. */
  readonly size: () => { readonly columns: number; readonly rows: number } | null;
};

/** Without a terminal one of `everyDraws` pictures is written; asked for at each. */
export const liveView = (screen: ViewScreen, everyDraws: () => number): LiveView =>
  screen.size() === null ? plainView(screen, everyDraws) : terminalView(screen);

const clearBelow = "\u001B[J";
const clearLine = "\u001B[2K";

const terminalView = ({ write, size }: ViewScreen): LiveView => {
  let drawn = 0;
  const up = (): string => (drawn > 0 ? `\u001B[${drawn}A` : "");
  return {
    draw: (lines) => {
      // A line that wraps, or scrolls the first one away, would leave pieces of each picture behind.
      const { columns, rows } = size() ?? { columns: Infinity, rows: Infinity };
      const shown = lines
        .slice(0, Math.max(1, rows - 1))
        .map((line) => cut(screenLine(line), columns));
      const text = shown.map((line) => `${clearLine}${line}\n`).join("");
      write(`${up()}${text}${shown.length < drawn ? clearBelow : ""}`);
      drawn = shown.length;
    },
    note: (line) => {
      write(`${up()}${drawn > 0 ? clearBelow : ""}${screenText(line)}\n`);
      drawn = 0;
    },
    end: () => {
      drawn = 0;
    },
  };
};

const cut = (line: string, columns: number): string =>
  columnsOf(line) <= columns ? line : `${cutToColumns(line, columns - 1)}…`;

const plainView = ({ write }: ViewScreen, everyDraws: () => number): LiveView => {
  let left = 0;
  return {
    draw: (lines) => {
      left -= 1;
      if (left > 0) return;
      left = everyDraws();
      write(`${lines.map((line) => screenLine(line).replace(/ {2,}/g, " ")).join("\n")}\n\n`);
    },
    note: (line) => write(`${screenText(line)}\n`),
    end: () => undefined,
  };
};
