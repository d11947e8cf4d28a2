import { readFileSync, writeFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";

/**
 * Turns a public audit trail in XES (IEEE 1849-2016) into ECS JSON lines for `metsuke normalize
 * --dataset ecs`, in time order:
 *
 *   node dist/bench/detection/public/xes.js LOG.xes[.gz] OUT.ndjson
 *
 * Four logs of real organisations come inside the source archive of pm4py 2.2.17 (PyPI; `pip download
 * --no-deps --no-binary pm4py pm4py==2.2.17`, needs setuptools), under `tests/`:
 * `compressed_input_data/07_bpic2013_incidents.xes.gz` (incident handling at Volvo IT,
 * doi:10.4121/uuid:500573e6-accc-4b0c-9576-aa5468b10cee), `input_data/bpic2012.xes.gz` (loan
 * applications at a Dutch bank, doi:10.4121/uuid:3926db30-f712-4394-aebc-75976070e91f),
 * `compressed_input_data/05_bpic2017.xes.gz` (loan offers at the same bank,
 * doi:10.4121/uuid:7e326e7e-8b93-4701-8860-71213edf0fbe) and `input_data/receipt.xes` (permits of a
 * Dutch municipality, doi:10.4121/uuid:a07386a5-7be3-4367-9535-70bc9e77dbe6). They belong to
 * 4TU.ResearchData and are to be cited, so no copy of them is kept here.
 *
 * These are audit trails of business applications, not sign-in logs: who did what when, with neither
 * address nor device.
 */

/** What an attribute of an event or of its case says in ECS words; the first that is there counts. */
const fields: Readonly<Record<string, readonly string[]>> = {
  "user.group.name": ["organization involved"],
  "host.name": ["org:group"],
  "service.name": ["product", "channel"],
};

/** Values by which these logs say that nothing is known. */
const absent: ReadonlySet<string> = new Set(["", "UNKNOWN", "EMPTY", "0"]);

type Attributes = ReadonlyMap<string, string>;

const entities: Readonly<Record<string, string>> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
};

const unescaped = (text: string): string =>
  text.replaceAll(/&(amp|lt|gt|quot|apos);/g, (_, name: string) => entities[name] as string);

function attributesOf(xml: string): Attributes {
  const found = xml.matchAll(/<(?:string|date) key="([^"]*)" value="([^"]*)"/g);
  return new Map(
    Array.from(found, ([, key, value]) => [key as string, unescaped(value as string)]),
  );
}

/** ECS document of one event; undefined where no person or program is named. */
export function documentOf(event: Attributes, ofCase: Attributes): object | undefined {
  const resource = event.get("org:resource");
  const time = event.get("time:timestamp");
  if (resource === undefined || time === undefined || absent.has(resource)) return undefined;
  // One first name is many people: the country tells some of them apart.
  const country = event.get("resource country");
  const document: Record<string, unknown> = {
    "@timestamp": time,
    "event.action": [event.get("concept:name"), event.get("lifecycle:transition")]
      .filter((part) => part !== undefined)
      .join(" "),
    "event.outcome": "success",
    "user.name": country === undefined ? resource : `${resource} ${country}`,
  };
  for (const [field, keys] of Object.entries(fields)) {
    const said = keys.map((key) => event.get(key) ?? ofCase.get(key));
    const value = said.find((one) => one !== undefined && !absent.has(one));
    if (value !== undefined) document[field] = value;
  }
  return document;
}

/** Events of an XES text as ECS documents, in time order. */
export function documentsOf(xml: string): object[] {
  const timed: { at: number; document: object }[] = [];
  for (const [trace] of xml.matchAll(/<trace>[\s\S]*?<\/trace>/g)) {
    const ofCase = attributesOf(trace.slice(0, trace.indexOf("<event>")));
    for (const [event] of trace.matchAll(/<event>[\s\S]*?<\/event>/g)) {
      const attributes = attributesOf(event);
      const document = documentOf(attributes, ofCase);
      const at = Date.parse(attributes.get("time:timestamp") ?? "");
      if (document !== undefined) timed.push({ at, document });
    }
  }
  return timed.toSorted((a, b) => a.at - b.at).map(({ document }) => document);
}

function main([path, out]: readonly string[]): void {
  if (path === undefined || out === undefined)
    throw new Error("usage: xes LOG.xes[.gz] OUT.ndjson");
  const bytes = readFileSync(path);
  const xml = (path.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString("utf8");
  const documents = documentsOf(xml);
  writeFileSync(out, documents.map((document) => `${JSON.stringify(document)}\n`).join(""));
  console.log(`${documents.length} events`);
}

if (process.argv[1]?.endsWith("public/xes.js") === true) main(process.argv.slice(2));
