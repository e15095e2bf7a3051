// Runs one example: `npm run example -- NAME`; without a name it lists them. Each is a program of
// its own that imports the library as others would, by its doors.

const examples = {
  "ring-threads": "a ring between two threads, with back-pressure when the reader is slower",
  "market-pipeline": "market data from text over a ring into books, read from a third side",
  "price-monitor": "several makers quote into one book at once, a monitor watches the spread",
  arbitrage:
    "two books of different venues, and what is worth buying on one and selling on the other",
  "price-filter": "a custom stage from a module and options, on a thread of its own",
  aggregation: "a custom stage that joins records in windows, driven by hand",
  "solana-submitter": "a signed transaction through a Solana node; a dry run unless told otherwise",
  "jito-bundle": "a tipped bundle to Jito's block engine; a dry run unless told otherwise",
  "stage-metrics": "what a pipeline's stages count, and the metrics of a stage of one's own",
  "prometheus-endpoint": "those metrics over HTTP as Prometheus scrapes them",
};

const [name, ...rest] = process.argv.slice(2);
if (name === undefined) {
  for (const [each, purpose] of Object.entries(examples)) {
    console.log(`${each.padEnd(20)} ${purpose}`);
  }
} else if (Object.hasOwn(examples, name)) {
  // The example sees the arguments behind its name, as if it had been started itself.
  process.argv.splice(2, process.argv.length, ...rest);
  await import(`./${name}.ts`);
} else {
  console.error(`unknown example ${name}; known: ${Object.keys(examples).join(", ")}`);
  process.exitCode = 2;
}
