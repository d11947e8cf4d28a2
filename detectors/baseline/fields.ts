/** Kinds of value whose novelty is watched, and how many of each an entity remembers. */
export const fields = [
  { name: "device", slots: 20 },
  { name: "network", slots: 24 },
  { name: "country", slots: 8 },
  { name: "user agent", slots: 14 },
  { name: "action", slots: 16 },
  { name: "host", slots: 64 },
  { name: "program", slots: 40 },
  { name: "service", slots: 28 },
  { name: "domain", slots: 40 },
  { name: "share", slots: 32 },
] as const;
export const FIELDS = fields.length;
export const Field = {
  device: 0,
  network: 1,
  country: 2,
  agent: 3,
  action: 4,
  host: 5,
  program: 6,
  service: 7,
  domain: 8,
  share: 9,
} as const;

/** First slot of each field. */
export const slotStart: readonly number[] = fields.map((_, index) =>
  fields.slice(0, index).reduce((sum, field) => sum + field.slots, 0),
);
/** One past the last slot of each field. */
export const slotEnd: readonly number[] = fields.map(
  (field, index) => (slotStart[index] as number) + field.slots,
);
export const SLOTS = slotEnd[FIELDS - 1] as number;

/** Classes of activity, told by ECS categories. */
export const classes = [
  "sign-in",
  "host logon",
  "process",
  "file",
  "network",
  "web",
  "mail",
  "other",
] as const;
export const CLASSES = classes.length;
export const Class = {
  signIn: 0,
  logon: 1,
  process: 2,
  file: 3,
  network: 4,
  web: 5,
  mail: 6,
  other: 7,
} as const;
