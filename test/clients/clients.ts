// The clients by language: what each needs, how it is made ready in a folder of its own, and how it
// runs. Versions are pinned in requirements.txt, go.sum, pom.xml and package.json; packages come
// from the registries that the machine's own pip, go and mvn use.
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const here = import.meta.dirname;

/** Output of a client or of its build that is read, bytes. */
const outputBytesMax = 4 << 20;
const toolMsMax = 20_000;
const buildMsMax = 480_000;
const runMsMax = 60_000;

/** A program and its arguments. */
type Command = readonly [program: string, ...args: string[]];

/** One language; `dir` is its own git-ignored folder, which need not exist yet. */
export type Client = {
  readonly language: string;
  /** Commands that succeed where its toolchain is. */
  readonly tools: readonly Command[];
  readonly prepare: (dir: string) => readonly Command[];
  readonly start: (dir: string) => Command;
};

const requirements = join(here, "python", "requirements.txt");
const pom = join(here, "java", "pom.xml");
const inVenv = (dir: string, program: string): string => join(dir, "bin", program);

/** In the order of the table. */
export const clients: readonly Client[] = [
  {
    language: "JavaScript",
    tools: [],
    prepare: () => [],
    start: () => [process.execPath, join(here, "javascript", "main.ts")],
  },
  {
    language: "Python",
    tools: [["python3", "-c", "import venv, ensurepip"]],
    prepare: (dir) => [
      ["python3", "-m", "venv", dir],
      [inVenv(dir, "pip"), "install", "--quiet", "--requirement", requirements],
    ],
    start: (dir) => [inVenv(dir, "python"), join(here, "python", "client.py")],
  },
  {
    language: "Go",
    tools: [["go", "version"]],
    prepare: (dir) => [["go", "build", "-C", join(here, "go"), "-o", join(dir, "client"), "."]],
    start: (dir) => [join(dir, "client")],
  },
  {
    language: "Java",
    tools: [
      ["java", "-version"],
      ["mvn", "--version"],
    ],
    prepare: (dir) => [["mvn", "-q", "-B", "-f", pom, `-Dweir.target=${dir}`, "package"]],
    start: (dir) => ["java", "-cp", `${join(dir, "classes")}:${join(dir, "lib", "*")}`, "Client"],
  },
];

const execute = async (
  [program, ...args]: Command,
  timeout: number,
  env?: NodeJS.ProcessEnv,
): Promise<string> => {
  const { stdout } = await run(program, args, { timeout, maxBuffer: outputBytesMax, env });
  return stdout;
};

/** The first program that is missing or does not work; undefined when all are there. */
export const missingTool = async ({ tools }: Client): Promise<string | undefined> => {
  for (const tool of tools) {
    try {
      await execute(tool, toolMsMax);
    } catch {
      return tool.join(" ");
    }
  }
  return undefined;
};

/** Makes the client ready to run; rejects with what the failing tool printed. */
export const prepare = async (client: Client, dir: string): Promise<void> => {
  for (const command of client.prepare(dir)) await execute(command, buildMsMax);
};

/** Runs it with these variables added to the environment: its standard output. */
export const start = (
  client: Client,
  dir: string,
  variables: { readonly [name: string]: string },
): Promise<string> => execute(client.start(dir), runMsMax, { ...process.env, ...variables });
