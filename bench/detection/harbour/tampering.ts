import type { Event } from "../../../schemas/event.ts";
import { random } from "../../random.ts";
import { MINUTE } from "./clock.ts";
import { isTelemetry } from "./collective.ts";
import { type Draft, pageOf, setBytes } from "./records.ts";
import type { Scene } from "./scene.ts";
import { TIMEZONE } from "./zone.ts";

/** Attacks that change a day's own records instead of adding to them. */
export interface Tampering {
  readonly account: string;
  /** Days of work that may be touched, first to last. */
  readonly from: number;
  readonly to: number;
  /** The day's records as the attack leaves them; `touched` takes the malicious ones. */
  change(drafts: Draft[], day: number, touched?: Draft[]): Draft[];
}

/** Sensors of one account send nothing for a day of the organisation; sign-ins go on. */
export function logSilence({ world, person, day }: Scene): Tampering {
  const from = world.calendar.midnight(TIMEZONE, day);
  const to = world.calendar.midnight(TIMEZONE, day + 1);
  return {
    account: person.name,
    from: day - 1,
    to: day + 1,
    change: (drafts) =>
      drafts.filter(({ at, event }) => at < from || at >= to || !isTelemetry(event)),
  };
}

/** Bytes leave in growing records, and for half of these attacks in more of them: ×20 at the end. */
export function ramp(scene: Scene, length: number): Tampering {
  const { world, person, day, dice, number } = scene;
  const bend = 0.7 + 0.8 * (1 - scene.strength);
  const many = dice.chance(0.5);
  const factorOn = (today: number): number => 20 ** (((today - day + 1) / length) ** bend);
  return {
    account: person.name,
    from: day,
    to: day + length - 1,
    change: (drafts, today, touched) => {
      const factor = factorOn(today);
      const seeds = [world.options.seed, person.index, today, 1000 + number];
      const own = random(...seeds);
      const page = pageOf({ name: person.name, type: "user", group: "" }, own, seeds);
      const changed: Draft[] = [];
      for (const { at, event } of drafts) {
        const { "source.bytes": sent, "destination.bytes": received } = event;
        const grown = sent !== undefined;
        if (grown && received !== undefined)
          setBytes(event, Math.min(4e10, sent * factor), received);
        else if (grown) event["source.bytes"] = Math.floor(sent * factor);
        changed.push({ at, event });
        if (grown) touched?.push({ at, event });
        if (!many || event["event.dataset"] !== "zeek.conn") continue;
        for (let copies = own.poisson(factor - 1); copies > 0; copies--) {
          const copy = again(event, Math.floor(at + own.next() * 90 * MINUTE), page);
          changed.push(copy);
          touched?.push(copy);
        }
      }
      return changed;
    },
  };
}

/** The same record once more, later, under an id of its own. */
function again(event: Event, at: number, page: ReturnType<typeof pageOf>): Draft {
  const time = new Date(at).toISOString();
  const id = page.idPrefix + (page.serial++).toString(16).padStart(8, "0");
  const arrived = new Date(at + 900).toISOString();
  return {
    at,
    event: { ...event, "@timestamp": time, "event.ingested": arrived, "event.id": id },
  };
}
