import { type Random, random } from "../../random.ts";
import type { SimulationOptions } from "../simulation.ts";
import { type Calendar, calendarOf } from "./calendar.ts";
import { around, type Fields, sample } from "../stage/drafts.ts";
import { type Network } from "../stage/addresses.ts";
import { carrierFor } from "./networks.ts";
import * as words from "./vocabulary.ts";

export type Role = "floor" | "office" | "technical" | "robot" | "scanner";

export interface Unit {
  readonly name: string;
  readonly role: "floor" | "office" | "technical";
  readonly size: number;
  readonly terminals: readonly string[];
  readonly servers: readonly string[];
  readonly shares: readonly string[];
  /** Second octet of its addresses in 10.0.0.0/8. */
  readonly subnet: number;
  readonly acquired: boolean;
}

export interface Worker {
  readonly index: number;
  readonly name: string;
  readonly unit: Unit;
  readonly role: Role;
  /** 0–2 rotate weekly, 3 nights only, 4 days only. */
  readonly crew: number;
  /** Events of an ordinary shift. */
  readonly rate: number;
  /** New things tried a day. */
  readonly curiosity: number;
  readonly clumsiness: number;
  /** Median bytes sent in a flow. */
  readonly weight: number;
  readonly home: Network;
  readonly homeKey: number;
  readonly atHome: number;
  readonly phone: string | undefined;
  readonly desktop: string;
  /** Machine of its own; people of the floor share terminals. */
  readonly pc: string | undefined;
  readonly terminals: readonly string[];
  readonly servers: readonly string[];
  readonly shares: readonly string[];
  readonly clients: readonly string[];
  readonly programs: readonly string[];
  readonly joins: number;
  /** First day after it left. */
  readonly leaves: number;
  readonly auditor: boolean;
  readonly fields: Fields;
}

export interface Plant {
  readonly options: SimulationOptions;
  readonly calendar: Calendar;
  readonly units: readonly Unit[];
  readonly workers: readonly Worker[];
  readonly byUnit: ReadonlyMap<string, readonly Worker[]>;
  readonly servers: readonly string[];
  readonly shares: readonly string[];
}

const range = (count: number, name: (index: number) => string): string[] =>
  Array.from({ length: count }, (_, index) => name(index));

function unitOf(
  name: string,
  role: Unit["role"],
  of: { size: number; subnet: number; acquired?: boolean },
): Unit {
  const { size, subnet, acquired = false } = of;
  const short = `${acquired ? "nw" : "lm"}-${name.slice(0, 4)}${subnet % 10}`;
  const servers = role === "technical" ? 6 + size : 2 + Math.floor(size / 10);
  return {
    name,
    role,
    size,
    subnet,
    acquired,
    terminals: range(role === "floor" ? 2 + Math.floor(size / 6) : 1, (i) => `${short}-t${i + 1}`),
    servers: range(servers, (i) => (i % 3 === 0 ? `${short}-win${i}` : `${short}-lx${i}`)),
    shares: range(
      2 + Math.floor(size / 8),
      (i) =>
        `\\\\${acquired ? "nwfs" : "fs"}${1 + (subnet % 3)}\\${name}\\${["orders", "lots", "rota", "cards", "reports", "scans", "old", "tmp", "plans"][i % 9]}${i > 8 ? i : ""}`,
    ),
  };
}

/** Units of 8 to 60 people: three quarters of the people stand at machines. */
function unitsOf(people: number, dice: Random): Unit[] {
  const units: Unit[] = [];
  const size = (): number => Math.min(60, Math.max(8, Math.round(around(dice, 16, 0.6))));
  const add = (name: string, role: Unit["role"], most: number): number => {
    const count = Math.min(size(), most);
    units.push(unitOf(name, role, { size: count, subnet: 16 + units.length }));
    return count;
  };
  let left = people;
  left -= add("automation", "technical", 24);
  left -= add("sysdesk", "technical", 14);
  for (let index = 0; left > 0; index++) {
    const office = index % 5 === 0;
    const list = office ? words.officeUnits : words.floorUnits;
    const turn = office ? index / 5 : index - 1 - Math.floor(index / 5);
    const round = Math.floor(turn / list.length);
    const name = `${list[turn % list.length]}${round === 0 ? "" : `-${round + 1}`}`;
    left -= add(name, office ? "office" : "floor", left < 16 ? left : 60);
  }
  return units;
}

const rates = { floor: [10, 0.7], office: [34, 0.7], technical: [60, 0.65] } as const;
const programs = {
  floor: words.floorPrograms,
  office: words.officePrograms,
  technical: words.technicalPrograms,
};
const clients = {
  floor: words.floorClients,
  office: words.officeClients,
  technical: words.technicalClients,
};
const given =
  "aarav bina chitra dev esha farid gita hari indu jatin kavya lalit meera naveen ojas pooja ravi sunil tara uday vani yash zara mohan nila omkar".split(
    " ",
  );
const family =
  "rao das iyer khan mehta nair patil reddy shah verma joshi kulkarni bose gill menon sethi".split(
    " ",
  );

const nameOf = (index: number): string =>
  `${given[index % given.length]?.[0]}${family[(index * 7) % family.length]}${String(1000 + ((index * 7919) % 9000))}`;

function tenureOf(dice: Random, days: number): { joins: number; leaves: number } {
  const joins = 1 + dice.integer(Math.max(1, days));
  // Contractors come for three weeks, some before the run begins.
  if (dice.chance(0.09)) return { joins: Math.max(0, joins - 14), leaves: joins + 7 };
  if (dice.chance(0.03)) return { joins, leaves: Infinity };
  return { joins: 0, leaves: dice.chance(0.02) ? joins : Infinity };
}

function workerOf(
  index: number,
  unit: Unit,
  of: { seed: number; days: number; merger: number },
): Worker {
  const dice = random(of.seed, 71, index);
  const { role } = unit;
  const [median, spread] = rates[role];
  const name = nameOf(index);
  const technical = role === "technical";
  const tenure = unit.acquired ? { joins: of.merger, leaves: Infinity } : tenureOf(dice, of.days);
  const own = role !== "floor" || dice.chance(0.05);
  const crew =
    role === "floor"
      ? dice.chance(0.1)
        ? 3 + dice.integer(2)
        : dice.integer(3)
      : technical && dice.chance(0.3)
        ? dice.integer(3)
        : 4;
  return {
    index,
    name,
    unit,
    role,
    crew,
    rate: Math.min(290, Math.max(3, around(dice, median, spread))),
    curiosity: around(dice, technical ? 0.22 : role === "office" ? 0.06 : 0.02, 1),
    clumsiness: around(dice, role === "floor" ? 0.16 : 0.08, 1),
    weight: around(dice, role === "floor" ? 3_000 : 20_000, 0.9),
    home: carrierFor(dice),
    homeKey: dice.integer(2 ** 24),
    atHome: role === "floor" ? 0 : dice.chance(0.5) ? 0 : dice.next() * 0.6,
    phone: dice.chance(role === "floor" ? 0.55 : 0.7) ? dice.pick(words.phones) : undefined,
    desktop: dice.pick(unit.acquired ? words.desktops.slice(2) : words.desktops),
    pc: own ? `${unit.acquired ? "nwpc" : "pc"}${10_000 + ((index * 613) % 90_000)}` : undefined,
    terminals: sample(unit.terminals, 1 + dice.integer(3), dice),
    servers: sample(
      unit.servers,
      technical ? 4 + dice.integer(8) : role === "office" ? 1 + dice.integer(3) : 0,
      dice,
    ),
    shares: sample(unit.shares, role === "floor" ? dice.integer(2) : 1 + dice.integer(4), dice),
    clients: [
      ...words.everyonesClients.slice(0, 1 + dice.integer(4)),
      ...sample(clients[role], 1 + dice.integer(role === "floor" ? 2 : 5), dice),
    ],
    programs: sample(programs[role], 2 + dice.integer(role === "floor" ? 3 : 7), dice),
    ...tenure,
    auditor: false,
    fields: fieldsOf(name, dice.chance(1 / 3) ? undefined : unit.name, false),
  };
}

function fieldsOf(name: string, group: string | undefined, service: boolean): Fields {
  return {
    "event.kind": "event",
    "user.name": name,
    "user.entity.id": name,
    "user.entity.type": service ? "service" : "user",
    ...(group === undefined ? {} : { "user.group.name": group }),
    "organization.id": "loom",
    "sender.authenticated": true,
  };
}

const robotKinds = ["plc", "batch", "probe", "backup", "agv", "label"] as const;

function robotOf(
  index: number,
  plant: { seed: number; units: readonly Unit[]; servers: readonly string[] },
): Worker {
  const dice = random(plant.seed, 72, index);
  const scanner = dice.chance(0.05);
  const kind = dice.pick(robotKinds);
  const unit = dice.pick(plant.units);
  const name = `${scanner ? "vscan" : kind}-${unit.name.slice(0, 5)}-${index}$`;
  const count = kind === "plc" || kind === "label" ? 1 + dice.integer(3) : 2 + dice.integer(14);
  return {
    ...workerOf(index, unit, { seed: plant.seed, days: 0, merger: 0 }),
    name,
    role: scanner ? "scanner" : "robot",
    rate: Math.min(300, Math.max(3, around(dice, 45, 0.9))),
    weight: around(dice, kind === "backup" ? 2e6 : 4_000, 1),
    curiosity: 0.01,
    phone: undefined,
    pc: undefined,
    desktop: dice.pick(words.scripts),
    servers: sample(plant.servers, count, dice),
    programs: [`${kind}d`, ...(dice.chance(0.4) ? ["powershell.exe"] : [])],
    clients: sample([...words.technicalClients, "mes-kiosk"], 1 + dice.integer(2), dice),
    joins: 0,
    leaves: Infinity,
    fields: fieldsOf(name, dice.chance(0.5) ? undefined : "machines", true),
  };
}

/** The mill's people, machines and places. Acquired units stand last and join on the merger's day. */
export function plantOf(options: SimulationOptions): Plant {
  const { seed, people, days } = options;
  const calendar = calendarOf(options);
  const dice = random(seed, 70);
  const bought = calendar.merger < days ? Math.min(60, Math.floor(people / 8)) : 0;
  const units = unitsOf(people - bought, dice);
  const offices = Math.ceil(bought / 4);
  if (bought > 0) {
    units.push(
      unitOf("northmill", "floor", { size: bought - offices, subnet: 201, acquired: true }),
    );
    units.push(unitOf("northoffice", "office", { size: offices, subnet: 202, acquired: true }));
  }
  const workers: Worker[] = [];
  for (const unit of units)
    for (let seat = 0; seat < unit.size; seat++)
      workers.push(workerOf(workers.length, unit, { seed, days, merger: calendar.merger }));
  const servers = units.flatMap((unit) => unit.servers);
  const auditor = workers.findIndex(
    (one) => one.role === "office" && one.joins === 0 && one.leaves > days,
  );
  if (auditor >= 0) workers[auditor] = { ...(workers[auditor] as Worker), auditor: true };
  const robots = Math.max(4, Math.round(people * 0.12));
  for (let count = 0; count < robots; count++)
    workers.push(robotOf(workers.length, { seed, units, servers }));
  const byUnit = new Map<string, Worker[]>();
  for (const worker of workers) {
    if (worker.role === "robot" || worker.role === "scanner") continue;
    const list = byUnit.get(worker.unit.name);
    if (list === undefined) byUnit.set(worker.unit.name, [worker]);
    else list.push(worker);
  }
  return {
    options,
    calendar,
    units,
    workers,
    byUnit,
    servers,
    shares: units.flatMap((unit) => unit.shares),
  };
}
