import {
  type OldHabit,
  type PackedEvidence,
  packEvidence,
  packHabits,
  unpackEvidence,
  unpackHabits,
  withoutBefore,
} from "../runtime/packed.ts";
import type { Peak } from "../stats/days.ts";
import type { Seen, TravelState } from "./state.ts";
import { noTrail, type Stay } from "./trail.ts";

type Fields<From, Names extends readonly (keyof From)[]> = {
  -readonly [Index in keyof Names]: From[Names[Index]];
};

const seenNames = [
  "at",
  "lat",
  "lon",
  "radius",
  "label",
  "country",
  "ip",
  "network",
  "device",
  "agent",
  "as",
] as const;
const stayNames = ["lat", "lon", "radius", "country", "device", "doubt", "minute", "bits"] as const;

const fieldsOf = <From, Names extends readonly (keyof From)[]>(
  from: From,
  names: Names,
): Fields<From, Names> => names.map((name) => from[name]) as Fields<From, Names>;

const withFields = <To>(names: readonly (keyof To)[], values: readonly unknown[]): To =>
  Object.fromEntries(names.map((name, index) => [name, values[index]])) as To;

/** The state as values by position. */
export type PackedTravel = readonly [
  places: (readonly [...Fields<Seen, typeof seenNames>, PackedEvidence])[],
  networks: string,
  devices: string,
  addresses: string,
  jumps: string,
  active: readonly [days: number, day: number],
  stays: Fields<Stay, typeof stayNames>[],
  peaks: (readonly [start: number, greatest: number])[],
];

export const packTravel = (state: TravelState): PackedTravel => [
  state.places.map((place) => [...fieldsOf(place, seenNames), packEvidence(place.evidence)]),
  packHabits(state.networks),
  packHabits(state.devices),
  packHabits(state.addresses),
  packHabits(state.jumps),
  [state.days, state.day],
  state.trail.stays.map((stay) => fieldsOf(stay, stayNames)),
  state.trail.days.map(({ start, greatest }) => [start, greatest]),
];

export function unpackTravel(packed: PackedTravel): TravelState {
  const [places, networks, devices, addresses, jumps, [days, day], stays, peaks] = packed;
  return {
    places: places.map((values): Seen => ({
      ...withFields<Seen>(seenNames, values),
      evidence: unpackEvidence(values[seenNames.length]),
    })),
    networks: unpackHabits(networks),
    devices: unpackHabits(devices),
    addresses: unpackHabits(addresses),
    jumps: unpackHabits(jumps),
    days,
    day,
    trail: {
      stays: stays.map((values) => withFields<Stay>(stayNames, values)),
      days: peaks.map(([start, greatest]): Peak => ({ start, greatest })),
    },
  };
}

type Habits = "networks" | "devices" | "addresses" | "jumps";
/** Version 1 was the same in plain JSON, without a trail. */
export type Version1 = Omit<TravelState, "trail" | Habits> & Record<Habits, OldHabit[]>;

export const fromVersion1 = (old: Version1): TravelState => ({
  ...old,
  networks: withoutBefore(old.networks),
  devices: withoutBefore(old.devices),
  addresses: withoutBefore(old.addresses),
  jumps: withoutBefore(old.jumps),
  trail: noTrail(),
});
