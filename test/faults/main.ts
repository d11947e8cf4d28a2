import { errorText } from "../../platform/errors.ts";
import { crashEmbedded, crashKafka } from "./crashes.ts";
import { exactness } from "./exactness.ts";
import type { Item } from "./item.ts";
import { formatMutations, gateMutations } from "./mutations.ts";
import { accounts, hostile, names } from "./processes.ts";

/** `npm run faults [-- NAME…]`: the long seeded runs, one after the other. */
const items: readonly Item[] = [
  exactness,
  crashEmbedded,
  crashKafka,
  hostile,
  names,
  formatMutations,
  gateMutations,
  accounts,
];

const write = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

function chosen(wanted: readonly string[]): readonly Item[] {
  const unknown = wanted.filter((name) => !items.some((item) => item.name === name));
  if (unknown.length > 0) {
    write(`no run is called ${unknown.join(", ")}; there are`);
    for (const { name, about } of items) write(`  ${name.padEnd(15)} ${about}`);
    process.exit(2);
  }
  return wanted.length === 0 ? items : items.filter((item) => wanted.includes(item.name));
}

async function passes(item: Item): Promise<boolean> {
  const started = Date.now();
  const seconds = () => `${((Date.now() - started) / 1000).toFixed(0)} s`;
  write(`${item.name}: ${item.about}`);
  try {
    const figure = await item.run((line) => write(`  ${line}`));
    write(`ok     ${item.name} (${seconds()}): ${figure}`);
    return true;
  } catch (error) {
    const cause = error instanceof Error && error.cause !== undefined ? error.cause : "";
    write(`FAILED ${item.name} (${seconds()}): ${errorText(error)} ${errorText(cause)}`);
    return false;
  }
}

let failed = 0;
const selection = chosen(process.argv.slice(2));
for (const item of selection) if (!(await passes(item))) failed += 1;
write(`${selection.length - failed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
