/** What the rules look at in an account's day. */
export interface Facts {
  readonly failures: number;
  readonly bytes: number;
  /** Denied second factors. */
  readonly denials: number;
  /** Anything between midnight and five. */
  readonly night: boolean;
  readonly service: boolean;
  /** A success within ten minutes of five failures from the same address. */
  readonly guessed: boolean;
  /** One session id from two networks. */
  readonly movedSession: boolean;
  /** A success from an address that failed on five accounts that day. */
  readonly sprayed: boolean;
  readonly newHosts: number;
  readonly newPrograms: number;
  readonly newNetworks: number;
  readonly newDevices: number;
  readonly newCountries: number;
  readonly newServices: number;
  /** Days since the account was last active; 0 on its first day. */
  readonly gap: number;
}

export interface Rule {
  readonly name: string;
  readonly points: number;
  readonly when: (facts: Facts) => boolean;
}

const GIGABYTE = 1e9;

/** A dozen rules as any rule pack has them, with the points an analyst would give; nothing learned. */
export const staticRules: readonly Rule[] = [
  { name: "ten failures", points: 2, when: (f) => f.failures >= 10 },
  { name: "success after five failures", points: 3, when: (f) => f.guessed },
  { name: "success of a spraying address", points: 3, when: (f) => f.sprayed },
  { name: "three denied second factors", points: 3, when: (f) => f.denials >= 3 },
  { name: "new country", points: 2, when: (f) => f.newCountries > 0 },
  {
    name: "new device on a new network",
    points: 2,
    when: (f) => f.newDevices > 0 && f.newNetworks > 0,
  },
  { name: "session on two networks", points: 2, when: (f) => f.movedSession },
  { name: "five new hosts", points: 2, when: (f) => f.newHosts >= 5 },
  { name: "three new programs", points: 2, when: (f) => f.newPrograms >= 3 },
  { name: "a gigabyte sent", points: 2, when: (f) => f.bytes >= GIGABYTE },
  { name: "night work", points: 1, when: (f) => f.night },
  { name: "back after thirty days", points: 2, when: (f) => f.gap > 30 },
  {
    name: "service account somewhere new",
    points: 3,
    when: (f) => f.service && f.newDevices + f.newNetworks + f.newCountries + f.newServices > 0,
  },
];

export const rulePoints = (facts: Facts): number =>
  staticRules.reduce((points, rule) => points + (rule.when(facts) ? rule.points : 0), 0);
