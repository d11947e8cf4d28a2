import { runMutations } from "../ingest/mutations.ts";
import { runGateMutations } from "../platform/store/reader-gate-mutations.ts";
import { fixtures, type FixtureName } from "../ingest/mutations.ts";
import { hold, type Item } from "./item.ts";

const COUNT = 100_000;
const SEED = 20_261_124;

export const formatMutations: Item = {
  name: "mutations",
  about: "100 000 seeded mutations of every format: no crash, each answered once, none slow",
  async run(say) {
    for (const format of Object.keys(fixtures) as FixtureName[]) {
      const [report] = runMutations({ count: COUNT, seed: SEED, formats: [format] });
      if (report === undefined) throw new Error(`no report of ${format}`);
      const { records, events, rejects, defects, slow } = report;
      hold(defects.length === 0, `${format}: ${JSON.stringify(defects.slice(0, 3))}`);
      hold(slow.length === 0, `${format}: slow ${JSON.stringify(slow.slice(0, 3))}`);
      hold(events + rejects === records, `${format}: ${events} + ${rejects} is not ${records}`);
      say(`${format}: ${records} records = ${events} events + ${rejects} rejects`);
      // Others get their turn between two formats.
      await new Promise(setImmediate);
    }
    return `${COUNT} of each of ${Object.keys(fixtures).length} formats, 0 crashes, 0 slow`;
  },
};

export const gateMutations: Item = {
  name: "gate",
  about: "100 000 seeded mutations of the escapes: none reads, reaches, changes or ends anything",
  async run() {
    const report = await runGateMutations({ count: COUNT, seed: SEED });
    hold(report.escaped.length === 0, JSON.stringify(report.escaped.slice(0, 5)));
    hold(report.answered > 0, "the gate answers nothing at all");
    return `${COUNT} mutations, 0 escaped, ${report.answered} answered harmlessly`;
  },
};
