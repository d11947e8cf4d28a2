import { smoothHours } from "../stats/hours.ts";
import { Model } from "./model.ts";
import type { Peers } from "./peers.ts";
import type { BaselineState, Window } from "./state.ts";

/** Decayed active hours are kept in this part of a day, so that a checkpoint holds them exactly. */
const UNIT = 1024;
const KEEP = 2 ** (-1 / 30);
/** Days that the peers' hours are worth, and the share that the other day type has in an hour. */
const PEER_DAYS = 12;
const OTHER_TYPE = 0.15;
/** Days after a change of the clocks during which an hour more or less is nothing. */
const SETTLING = 14;
const HOUR_MS = 3_600_000;

interface Clocked {
  readonly state: BaselineState;
  readonly peers: Peers;
  readonly type: 0 | 1;
}

const CENTRE = Math.PI / 12;

/** Middle of the active day in whole local hours, 0–23; undefined without a clear one. */
function middleOf(hours: Uint16Array): number | undefined {
  let east = 0;
  let north = 0;
  let all = 0;
  for (let hour = 0; hour < 24; hour++) {
    const mass = (hours[hour] as number) + (hours[24 + hour] as number);
    east += mass * Math.cos(hour * CENTRE);
    north += mass * Math.sin(hour * CENTRE);
    all += mass;
  }
  if (all < 8 * UNIT || Math.hypot(east, north) < 0.2 * all) return undefined;
  return (Math.round(Math.atan2(north, east) / CENTRE) + 24) % 24;
}

/** Mass of each local hour: own habit, the other day type, peers as they live around their own noon. */
export function hourMass({ state, peers, type }: Clocked): number[] {
  const own = 24 * type;
  const other = 24 - own;
  const middle = (state.models[Model.phase] as number) - 1;
  const mass: number[] = [];
  for (let hour = 0; hour < 24; hour++) {
    const peer =
      middle < 0
        ? (peers.hours[own + hour] as number)
        : (peers.centred[own + ((hour - middle + 36) % 24)] as number);
    mass.push(
      ((state.hours[own + hour] as number) + OTHER_TYPE * (state.hours[other + hour] as number)) /
        UNIT +
        PEER_DAYS * peer,
    );
  }
  return smoothHours(mass);
}

/** Whether the clocks changed so lately that habits may be an hour off. */
export const restlessClock = (state: BaselineState, window: Window): boolean => {
  const changed = state.models[Model.zoneChanged] as number;
  return changed > 0 && window.day - changed < SETTLING;
};

/**
 * How likely an hour is against the likeliest one, 0–1, by habit; the larger one of its neighbours'
 * while clocks settle. A ratio of densities ranks odd hours better than the mass of rarer ones; what
 * it is worth is learned from everybody's days all the same.
 */
export function hourRatio(of: Clocked, hour: number, restless: boolean): number {
  const mass = hourMass(of);
  const at = (other: number): number => mass[(other + 24) % 24] as number;
  const most = restless ? Math.max(at(hour), at(hour - 1), at(hour + 1)) : at(hour);
  return Math.max(1e-9, most / Math.max(...mass));
}

/** Learns the hours of a closed day, and where the middle of the entity's days lies. */
export function learnHours(of: Clocked, window: Window, weight: number): void {
  const { state, type } = of;
  for (let hour = 0; hour < 24; hour++) {
    const at = 24 * type + hour;
    const added = ((window.hours >> hour) & 1) * weight * UNIT;
    state.hours[at] = Math.round((state.hours[at] as number) * KEEP + added);
  }
  const middle = middleOf(state.hours);
  state.models[Model.phase] = middle === undefined ? 0 : middle + 1;
}

/** Notices a change of the zone's offset since the last active day. */
export function noteZone(state: BaselineState, window: Window): void {
  const zone = window.offset / HOUR_MS;
  const { models } = state;
  if ((models[Model.age] as number) > 0 && models[Model.zone] !== zone) {
    models[Model.zoneChanged] = window.day;
  }
  models[Model.zone] = zone;
}

/** Hours of a closed day as peers may know them: by the clock, and around the middle of its days. */
export function teachHours(
  of: Clocked,
  window: Window,
  teach: (what: string, amount: number) => void,
): void {
  const middle = (of.state.models[Model.phase] as number) - 1;
  for (let hour = 0; hour < 24; hour++) {
    if (((window.hours >> hour) & 1) === 0) continue;
    teach(`h|${24 * of.type + hour}`, 1);
    if (middle >= 0) teach(`c|${24 * of.type + ((hour - middle + 36) % 24)}`, 1);
  }
}
