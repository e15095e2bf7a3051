// Draws the view: in place on a terminal, as one plain line every few seconds anywhere else.
export type LiveView = {
  readonly draw: (lines: readonly string[]) => void;
  /** Leaves the last picture and ends. */
  readonly end: () => void;
};

/** Without a terminal one of `everyDraws` pictures is written; asked for at each. */
export const liveView = (
  write: (text: string) => void,
  isTerminal: boolean,
  everyDraws: () => number,
): LiveView => (isTerminal ? terminalView(write) : plainView(write, everyDraws));

const clearLine = "\u001B[2K";

const terminalView = (write: (text: string) => void): LiveView => {
  let drawn = 0;
  return {
    draw: (lines) => {
      const up = drawn > 0 ? `\u001B[${drawn}A` : "";
      // Fewer lines than before would leave old ones below.
      const padded = [
        ...lines,
        ...Array.from({ length: Math.max(0, drawn - lines.length) }, () => ""),
      ];
      write(up + padded.map((line) => `${clearLine}${line}\n`).join(""));
      drawn = padded.length;
    },
    end: () => {
      drawn = 0;
    },
  };
};

const plainView = (write: (text: string) => void, everyDraws: () => number): LiveView => {
  let left = 0;
  return {
    draw: (lines) => {
      left -= 1;
      if (left > 0) return;
      left = everyDraws();
      write(`${lines.map((line) => line.replace(/ {2,}/g, " ")).join("\n")}\n\n`);
    },
    end: () => undefined,
  };
};
