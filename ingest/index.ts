import type { Format, ParseFailure, RawRecord } from "./format.ts";
import { ecs } from "./formats/ecs.ts";
import { keycloakEvent } from "./formats/keycloak-event.ts";
import { linuxSshd } from "./formats/linux-sshd.ts";
import { linuxSudo } from "./formats/linux-sudo.ts";
import { windowsSecurity } from "./formats/windows-security.ts";
import { zeekConn } from "./formats/zeek-conn.ts";

/** Every format; a new one is its file, a line here and its test. */
export const formats: readonly Format[] = [
  ecs,
  linuxSshd,
  linuxSudo,
  keycloakEvent,
  windowsSecurity,
  zeekConn,
];

export interface Reading {
  readonly format: Format;
  readonly raw: RawRecord;
}

/** The surest format over the readings of a record; of equally sure ones the innermost reading. */
export function chooseReading(
  views: readonly RawRecord[],
  dataset: string | undefined,
): Reading | ParseFailure {
  const allowed =
    dataset === undefined ? formats : formats.filter((format) => format.name === dataset);
  if (allowed.length === 0) {
    return { code: "dataset_unknown", reason: `no format is named ${dataset!.slice(0, 80)}` };
  }
  let best: Reading | undefined;
  let surest = 0;
  for (const raw of views) {
    for (const format of allowed) {
      const sure = format.sniff(raw);
      if (sure === 0 || sure < surest) continue;
      surest = sure;
      best = { format, raw };
    }
  }
  if (best !== undefined) return best;
  if (dataset !== undefined) return { format: allowed[0]!, raw: views[0]! };
  return { code: "format_unknown", reason: "no format recognises this record" };
}
