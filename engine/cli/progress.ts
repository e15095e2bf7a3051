// How far the reading of files is, on a terminal: a bar in one line, with the rate and the time left.
// It appears when reading takes long, and makes way for every other line.
import { cutToColumns, screenLine } from "./screen-text.ts";

/** Where it is drawn. */
export type ProgressScreen = {
  readonly write: (text: string) => void;
  /** Of a line, asked for at each drawing. */
  readonly columns: () => number;
  readonly nowMs: () => number;
};

/** Reading that is over sooner is not shown. */
const quietMs = 500;
const redrawMs = 100;
const barCells = 20;
const clearLine = "\r\u001B[2K";

/** Of all files that are open at a time; bytes as they lie in the files, packed or not. */
export class Progress {
  readonly #screen: ProgressScreen;
  #names: string[] = [];
  #open = 0;
  #readBytes = 0;
  /** NaN: of one of them it is not known. */
  #totalBytes = 0;
  #startMs = 0;
  #drawMs = 0;
  #isDrawn = false;

  constructor(screen: ProgressScreen) {
    this.#screen = screen;
  }

  /** `bytes`: of the file, or null for one without an end that is known. */
  open(name: string, bytes: number | null): void {
    if (this.#open === 0) {
      this.#names = [];
      this.#readBytes = 0;
      this.#totalBytes = 0;
      this.#startMs = this.#screen.nowMs();
      this.#drawMs = this.#startMs + quietMs;
    }
    this.#open += 1;
    this.#names.push(screenLine(name));
    this.#totalBytes += bytes ?? Number.NaN;
  }

  /** Some more bytes were read of one of the files. */
  read(bytes: number): void {
    this.#readBytes += bytes;
    const nowMs = this.#screen.nowMs();
    if (nowMs < this.#drawMs) return;
    this.#drawMs = nowMs + redrawMs;
    this.#draw(nowMs - this.#startMs);
  }

  /** One of the files is read, or given up. */
  close(): void {
    this.#open -= 1;
    if (this.#open === 0) this.clear();
  }

  /** Before another line is written. */
  clear(): void {
    if (this.#isDrawn) this.#screen.write(clearLine);
    this.#isDrawn = false;
  }

  #draw(elapsedMs: number): void {
    const { write, columns } = this.#screen;
    const line = this.#line(elapsedMs);
    write(`${clearLine}${cutToColumns(line, columns() - 1)}`);
    this.#isDrawn = true;
  }

  #line(elapsedMs: number): string {
    const name = this.#names.length === 1 ? this.#names[0] : `${this.#names.length} files`;
    const done = this.#readBytes;
    const rate = `${megabytes((done / elapsedMs) * 1000)} MB/s`;
    const total = this.#totalBytes;
    if (!(total > 0)) return `${name}  ${megabytes(done)} MB  ${rate}`;
    // A file that grows has more than it had.
    const share = Math.min(1, done / total);
    const full = Math.floor(share * barCells);
    const bar = `[${"#".repeat(full)}${" ".repeat(barCells - full)}]`;
    const percent = `${Math.floor(share * 100)} %`;
    const left = `${duration((elapsedMs * (1 - share)) / share / 1000)} left`;
    return `${name}  ${bar} ${percent} of ${megabytes(total)} MB  ${rate}  ${left}`;
  }
}

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1);

const duration = (seconds: number): string => {
  const whole = Math.ceil(seconds);
  return whole < 120 ? `${whole} s` : `${Math.ceil(whole / 60)} min`;
};
