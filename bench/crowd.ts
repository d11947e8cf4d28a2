import { DAY } from "./organisation.ts";
import { START } from "./lines.ts";

/** Shares no factor with a number of users that is used here: all have their turn, in disorder. */
const STRIDE = 7919;

const times = <T>(count: number, make: (index: number) => T): readonly T[] =>
  Array.from({ length: count }, (_, index) => make(index));

const places = times(40, (index) => ({
  "source.geo.country_iso_code": ["DE", "ES", "US", "JP", "BR"][index % 5],
  "source.geo.city_name": `city-${index}`,
  "source.geo.location.lat": -40 + 2 * index,
  "source.geo.location.lon": -170 + 8 * index,
}));
const services = times(30, (index) => `service-${index}`);
const programs = times(40, (index) => `program-${index}`);

/**
 * Event `index` of a synthetic crowd of `users` people on one day, as a line: user after user signs
 * in or starts a program, at an even pace, then once more the other of the two; 2 × `users` events.
 * One comes so long after the last of its user that no cache holds the state. Groups have 200 people.
 */
export function crowdLine(users: number, index: number): string {
  const user = ((index % users) * STRIDE) % users;
  const at = new Date(START + Math.floor((index / (2 * users)) * DAY)).toISOString();
  const group = Math.floor(user / 200);
  const name = `user-${user}`;
  const signsIn = index < users === (user % 2 === 0);
  return JSON.stringify({
    "@timestamp": at,
    "event.id": index.toString(16).padStart(32, "0"),
    "event.dataset": "synthetic",
    "user.name": name,
    "user.group.name": `group-${group}`,
    ...(signsIn ? signIn(user, group) : start(user, group)),
    "user.entity.id": name,
    "user.entity.type": "user",
    "organization.id": "default",
    "event.ingested": at,
    "sender.transport": "http",
    "sender.id": "bench",
    "sender.authenticated": true,
  });
}

const signIn = (user: number, group: number) => ({
  "event.category": ["authentication"],
  "event.action": "sign_in",
  "event.outcome": "success",
  "source.ip": `198.18.${group % 250}.${1 + (group % 7)}`,
  "source.as.number": 64_500 + (group % 50),
  ...places[group % places.length],
  "device.id": `laptop-${user}`,
  "device.managed": true,
  "user_agent.original": `Browser/${user % 5}`,
  "service.name": services[(group + (user % 4)) % services.length],
});

const start = (user: number, group: number) => ({
  "event.category": ["process"],
  "event.action": "process_start",
  "host.name": `laptop-${user}`,
  "process.name": programs[(group + (user % 5)) % programs.length],
});
