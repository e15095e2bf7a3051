// Reads vitest's JSON result: a failed or skipped test, or none at all, is a failure here.
import { readFileSync } from "node:fs";

const [file, status] = process.argv.slice(2);
const result = JSON.parse(readFileSync(file, "utf8"));
const skipped = result.numPendingTests + (result.numTodoTests ?? 0);
for (const suite of result.testResults) {
  for (const test of suite.assertionResults) {
    if (test.status === "passed") continue;
    console.log(`${test.status}: ${suite.name} > ${test.fullName}`);
  }
}
if (skipped > 0) console.log(`${skipped} skipped: a skipped test counts as failed here`);
const failed = result.numFailedTests + skipped;
// What timeout(1) says of a run that it ended; the result is written after the last test.
const isHung = ["124", "137"].includes(status) && result.success;
if (isHung) console.log("the test runner did not end by itself");
const isGood = failed === 0 && result.numPassedTests > 0 && (status === "0" || isHung);
if (!isGood) process.exitCode = 1;
console.log(`${result.numPassedTests} passed, ${failed} failed`);
