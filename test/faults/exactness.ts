import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { company, writeCompany } from "../e2e/exactness-company.ts";
import { differences } from "../e2e/exactness-outcome.ts";
import { lived, replayed, type Setting } from "../e2e/exactness-runs.ts";
import { startKafka } from "../services/kafka.ts";
import { hold, type Item, same } from "./item.ts";

const ways = ["http", "file", "backlog"] as const;

const embedded: readonly Setting[] = [1, 2, 4].flatMap((partitions) =>
  ways.map((way) => ({ name: `embedded, ${partitions}, ${way}`, partitions, processes: 0, way })),
);

const onKafka = (brokers: readonly string[]): readonly Setting[] =>
  [1, 2, 4].flatMap((partitions) =>
    [1, 2].flatMap((processes) =>
      (["http", "backlog"] as const).map((way) => ({
        name: `Kafka, ${partitions}, ${way}, ${processes} detect`,
        partitions,
        brokers,
        processes,
        way,
      })),
    ),
  );

/** The same events in every way: the anomalies of replay, id for id. */
export const exactness: Item = {
  name: "exactness",
  about: "the same anomalies with 1, 2, 4 partitions, one process or two, live, behind, replayed",
  async run(say) {
    const kafka = await startKafka();
    const folder = await mkdtemp(join(tmpdir(), "metsuke-exactness-"));
    try {
      const path = join(folder, "events.ndjson");
      const input = {
        path,
        settleMs: 900_000,
        company: company({ seed: 21, people: 60, days: 7, attacksADay: 12 }),
      };
      await writeCompany(path, input.company);
      const reference = await replayed(path);
      hold(reference.pages.length > 0 && reference.actions.length > 0, "nothing was decided");
      say(
        `replay: ${input.company.lines.length} events, ${reference.anomalies.length} anomalies, ` +
          `${reference.incidents.length} incidents, ${reference.actions.length} actions, ${reference.pages.length} pages`,
      );
      const settings = [...embedded, ...onKafka(kafka.brokers)];
      for (const setting of settings) {
        const started = Date.now();
        const { live, refolded } = await lived(setting, input);
        same(`${setting.name}: anomalies`, [], differences(reference, live));
        same(`${setting.name}: actions`, refolded.actions, live.actions);
        if (setting.partitions === 1 && setting.brokers === undefined) {
          same(`${setting.name}: incidents`, reference.incidents, live.incidents);
          same(`${setting.name}: actions of replay`, reference.actions, live.actions);
          same(`${setting.name}: pages`, reference.pages, live.pages);
        }
        say(`${setting.name}: equal, ${((Date.now() - started) / 1000).toFixed(1)} s`);
      }
      return `${settings.length} settings, ${input.company.lines.length} events, ${reference.anomalies.length} anomalies each, 0 differences`;
    } finally {
      await kafka.stop();
      await rm(folder, { recursive: true, force: true });
    }
  },
};
