import type { Event } from "../../schemas/event.ts";
import { networkOf, withoutVersions } from "../network.ts";
import { earlierDays, type Habit } from "../stats/habit.ts";
import { hash32 } from "../stats/hash.ts";
import type { TravelContext } from "./params.ts";

const DAY = 86_400_000;
/** Accounts whose own tunnels end at a provider before it counts as one that sells them. */
const TUNNEL_ACCOUNTS = 2;
/** A sharer counts 1000 on the first day and less until the next: 800 is one within the week. */
const SHARER = 800;

/** `owner` = surely the account's owner, `exit` = a way out that tells nothing, `stranger` = nothing speaks for the owner. */
export type Standing = "owner" | "exit" | "unclear" | "stranger";

interface Account {
  readonly standing: Standing;
  /** For the statistic: how little speaks for the owner, 0–1. */
  readonly doubt: number;
  /** Ends the sentence "Madrid is …". */
  readonly is: string;
}

/** What can be said for a sign-in, the strongest first. */
export const reasons = {
  network: { standing: "owner", doubt: 0, is: "a network of the account's own" },
  device: { standing: "owner", doubt: 0, is: "where a device of the account's own is" },
  shared: { standing: "exit", doubt: 0, is: "an exit that many accounts share" },
  provider: { standing: "exit", doubt: 0, is: "with a provider of tunnels that many use" },
  managed: { standing: "unclear", doubt: 0.5, is: "where a device of the organisation is" },
  seen: { standing: "unclear", doubt: 0.5, is: "known by one earlier day" },
  program: { standing: "unclear", doubt: 0.5, is: "where a program of the account's is" },
  country: { standing: "unclear", doubt: 0.5, is: "in a country the account has been in for days" },
  silent: { standing: "unclear", doubt: 1, is: "told by a source that names no device or program" },
  tunnel: { standing: "unclear", doubt: 1, is: "with a provider through which others tunnel" },
  factor: { standing: "unclear", doubt: 1, is: "where a second factor was passed" },
  new: { standing: "stranger", doubt: 1, is: "a place, and there by means, new to the account" },
} as const satisfies Record<string, Account>;
export type Reason = keyof typeof reasons;

/** What is asked about a sign-in: hashes, 0 where nothing is named. */
export interface Marks {
  readonly ip: string;
  /** Autonomous system as text, empty where unknown. */
  readonly as: string;
  readonly network: number;
  readonly country: number;
  readonly device: number;
  readonly agent: number;
  readonly managed: boolean;
  /** Whether a second factor was satisfied. */
  readonly factor: boolean;
}

export function marksOf(event: Event): Marks {
  const as = event["source.as.number"];
  const device = event["device.id"];
  const agent = event["user_agent.original"];
  const country = event["source.geo.country_iso_code"] ?? "";
  return {
    ip: (event["source.ip"] ?? "").slice(0, 45),
    as: as === undefined ? "" : `AS${as}`,
    network: hash32(networkOf(event) ?? ""),
    country: country === "" ? 0 : hash32(country.slice(0, 2), 2),
    device: device === undefined ? 0 : hash32(device),
    agent: agent === undefined ? 0 : hash32(withoutVersions(agent), 1),
    managed: event["device.managed"] === true,
    factor: event["auth.mfa"] === true,
  };
}

export interface Known {
  /** Networks and countries. */
  readonly networks: readonly Habit[];
  /** Devices and programs. */
  readonly devices: readonly Habit[];
  readonly factors: readonly Factor[];
}

/** Where a second factor was passed, and when first (epoch ms). */
export type Factor = readonly [network: number, at: number];

/**
 * What speaks for the owner, judged when the sign-in happens by what earlier days and the shared
 * tables say: nothing that the same minutes bring makes a stranger known.
 */
export function reasonFor(known: Known, marks: Marks, context: TravelContext): Reason {
  const day = Math.floor(context.at / DAY);
  const { known_days: enough, shared_accounts: many } = context.params;
  const network = earlierDays(known.networks, marks.network, day);
  const device = marks.device === 0 ? 0 : earlierDays(known.devices, marks.device, day);
  if (network >= enough) return "network";
  if (device >= enough) return "device";
  const sharers = marks.ip === "" ? 0 : context.shared("travel.addresses").get(marks.ip);
  if (sharers >= SHARER * many) return "shared";
  const tunnels = marks.as === "" ? 0 : context.shared("travel.jumps").get(marks.as);
  if (tunnels >= SHARER * many) return "provider";
  if (marks.managed) return "managed";
  if (network > 0 || device > 0) return "seen";
  const named = marks.device !== 0 || marks.agent !== 0;
  if (marks.device === 0 && earlierDays(known.devices, marks.agent, day) > 0) return "program";
  const atHome = marks.country !== 0 && earlierDays(known.networks, marks.country, day) >= enough;
  if (atHome) return "country";
  if (!named && known.devices.some(([key]) => earlierDays(known.devices, key, day) > 0)) {
    return "silent";
  }
  if (tunnels >= SHARER * TUNNEL_ACCOUNTS) return "tunnel";
  return marks.factor || passedFactor(known, marks, context.at) ? "factor" : "new";
}

/** What a session does later rests on the factor it began with. */
const passedFactor = ({ factors }: Known, { network }: Marks, at: number): boolean =>
  factors.some(([where, since]) => where === network && since <= at);

/** Networks remembered for a factor: from the next day on the network itself is known. */
const FACTORS = 3;

/** Notes a passed factor; the network whose first was longest ago goes, the smaller hash of two. */
export function noteFactor(factors: Factor[], network: number, at: number): void {
  const index = factors.findIndex(([where]) => where === network);
  const since = index < 0 ? at : Math.min(at, (factors[index] as Factor)[1]);
  if (index >= 0) factors.splice(index, 1);
  factors.push([network, since]);
  factors.sort(([where, a], [other, b]) => a - b || where - other);
  if (factors.length > FACTORS) factors.shift();
}
