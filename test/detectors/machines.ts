import { random } from "../../bench/random.ts";
import type { Event } from "../../schemas/event.ts";
import { entityOf } from "../../schemas/topics.ts";
import { event } from "./harness.ts";

const HOUR = 3_600_000;
export const DAY = 24 * HOUR;
/** A Monday. */
export const START = Date.UTC(2026, 0, 5);
export const NIGHT = 22;
export const VICTIM = "laptop-3";

export const programs = ["mail", "browser", "editor", "sheet", "chat", "viewer"];

/** Start of a program on a laptop, seen by the laptop and by a server that its account uses. */
const use = (at: number, laptop: string, more: Partial<Event>): Event =>
  event(at, {
    "event.category": ["process"],
    "event.action": "process_start",
    "event.outcome": "success",
    "user.entity.type": "user",
    "device.id": laptop,
    "event.ingested": new Date(at).toISOString(),
    ...more,
  });

/** A synthetic fleet: each laptop has its account, programs that all have and a server of four. */
export function fleet(laptops: number, days: number): Event[] {
  const dice = random(5, laptops, days);
  const events: Event[] = [];
  for (let day = 0; day < days; day++) {
    for (let laptop = 0; laptop < laptops; laptop++) {
      const count = 6 + dice.integer(8);
      for (let index = 0; index < count; index++) {
        const at = START + day * DAY + 8 * HOUR + dice.integer(9 * HOUR);
        events.push(
          use(at, `laptop-${laptop}`, {
            "user.entity.id": `user-${laptop}`,
            "user.group.name": laptop % 2 === 0 ? "sales" : "plant",
            "process.name": programs[dice.integer(programs.length)] as string,
            "host.name": `srv-${dice.integer(4)}`,
          }),
        );
      }
    }
  }
  return events.toSorted((a, b) => (a["@timestamp"] < b["@timestamp"] ? -1 : 1));
}

/** A stranger at the victim's laptop on one night, with programs that nobody has. */
export const intrusion = (): Event[] =>
  Array.from({ length: 6 }, (_, index) =>
    use(START + NIGHT * DAY + 2 * HOUR + index * 60_000, VICTIM, {
      "user.entity.id": "stranger",
      "process.name": `tool-${index}`,
      "host.name": `srv-${index}`,
    }),
  );

export const inOrder = (events: readonly Event[]): Event[] =>
  events.toSorted((a, b) => (a["@timestamp"] < b["@timestamp"] ? -1 : 1));

export const idOf = (kind: "device" | "host", name: string): string =>
  entityOf(event(START, { "device.id": name, "host.name": name }), kind) as string;
